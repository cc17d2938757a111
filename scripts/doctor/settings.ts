import { DataFileError } from '#lib/data-file.ts'
import { SettingsError } from '#lib/settings.ts'
import { loadRelyingPartyConfig, type RelyingPartyConfig } from '../../services/relying-party/config.ts'
import { ok, problem, type Check, type Row } from './check.ts'

/** Settings that can be read, and the public ones of the lab. */
interface SettingsSubject {
  config: RelyingPartyConfig
  lab: NodeJS.ProcessEnv
}

export const section = 'Settings'

/** The settings as the relying party reads them; or the row that says why it cannot. */
export function readConfig (env: NodeJS.ProcessEnv): { row: Row, config?: RelyingPartyConfig } {
  const name = 'well-formed'
  try {
    const config = loadRelyingPartyConfig(env)
    return { row: { section, name, ...ok('every setting can be read') }, config }
  } catch (error) {
    if (!(error instanceof SettingsError || error instanceof DataFileError)) throw error
    const change = 'correct the settings that are named; the README has a table of them'
    return { row: { section, name, ...problem(error.message.replaceAll(/\s*\n\s*/g, ' '), change) } }
  }
}

const isLoopback = (url: string) => /^(localhost|.+\.localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname)

const secretOf = ({ oidc: { authentication } }: RelyingPartyConfig) =>
  'secret' in authentication ? authentication.secret : undefined

const labValues: Check<SettingsSubject> = {
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

const encrypted: Check<SettingsSubject> = {
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

export const settingsChecks: Check<SettingsSubject>[] = [labValues, encrypted]
