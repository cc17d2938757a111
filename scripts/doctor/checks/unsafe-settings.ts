import type { RelyingPartyConfig } from '../../../services/relying-party/config.ts'
import { ok, problem, type Check } from '../finding.ts'

/** Settings that can be read, and the public ones of the lab. */
interface SettingsSubject {
  config: RelyingPartyConfig
  lab: NodeJS.ProcessEnv
}

const isLoopback = (url: string) => /^(localhost|.+\.localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname)

const secretOf = ({ oidc: { authentication } }: RelyingPartyConfig) =>
  'secret' in authentication ? authentication.secret : undefined

const labSecrets: Check<SettingsSubject> = {
  name: 'no secrets of the lab',
  run ({ config, lab }) {
    if (isLoopback(config.app)) return ok(`${config.app} is on this machine: the lab's are good enough`)
    const wrong = [
      config.session.key.toString('hex') === lab['SESSION_KEY'] && 'SESSION_KEY (`openssl rand -hex 32` makes one)',
      secretOf(config) === lab['OIDC_CLIENT_SECRET'] && 'OIDC_CLIENT_SECRET (the provider has it)',
      config.lab && 'LAB=true (false, or leave it out)'
    ].filter(name => name !== false)
    return wrong.length === 0
      ? ok('SESSION_KEY and OIDC_CLIENT_SECRET are not the public ones of services/lab.env')
      : problem(`${config.app} runs with what is public in services/lab.env: whoever reads it can make sessions`,
        `set others: ${wrong.join('; ')}`)
  }
}

const https: Check<SettingsSubject> = {
  name: 'https',
  run ({ config }) {
    const urls = { APP_URL: config.app, IDP_ISSUER: config.oidc.issuer, GENESYS_SCRIPT_URL: config.messenger.scriptUrl }
    const others = config.otherProviders.map(({ name, issuer }) => [`issuer of ${name}`, issuer])
    const wrong = [...Object.entries(urls), ...others].filter(([, url]) => url!.startsWith('http:') && !isLoopback(url!))
    return wrong.length === 0
      ? ok('whatever is not on this machine is reached by https')
      : problem(`by http and not on this machine: ${wrong.map(([name, url]) => `${name}=${url}`).join(', ')}`,
        'use https: codes, cookies and tokens can be read on the way, and browsers give such pages no WebCrypto')
  }
}

/** What would be unsafe where others reach the application. */
export const settingsChecks: Check<SettingsSubject>[] = [labSecrets, https]
