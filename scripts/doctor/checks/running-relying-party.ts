import type { AuthorizationServer } from 'oauth4webapi'
import type { RelyingPartyConfig } from '../../../services/relying-party/config.ts'
import { objectIn, quote, wordsOf } from '../../report/answer-text.ts'
import { ok, problem, skipped, warning, type Check, type Row } from '../finding.ts'
import { runAll, skipAll, type Asked } from '../run-checks.ts'
import type { Peer } from '../requests/peer.ts'

interface RunningRelyingParty {
  config: RelyingPartyConfig
  /** what the provider says to this machine, where it says anything */
  metadata: AuthorizationServer | undefined
  peer: Peer
}

const isSecure = ({ config }: RunningRelyingParty) => config.app.startsWith('https:')

const live: Check<RunningRelyingParty> = {
  name: 'answers',
  async run ({ config, peer }) {
    const { status, text, location } = await peer.request(`${config.app}/livez`)
    if (status === 200 && objectIn(text)?.['status'] === 'up') return ok(config.app)
    const seen = location ? `redirects to ${location.origin}${location.pathname}` : `${status} “${wordsOf(text)}”`
    return problem(`something else answers at ${config.app}/livez: ${seen}`,
      'correct APP_URL, or what the proxy in front sends where')
  }
}

const ready: Check<RunningRelyingParty> = {
  name: 'provider, seen from inside',
  async run ({ config, peer }) {
    const { status, text } = await peer.request(`${config.app}/readyz`)
    const body = objectIn(text)
    if (status === 200 && body?.['status'] === 'ready') return ok('the relying party has read the discovery document')
    return problem(`not ready, ${status}: ${quote(String(body?.['reason'] ?? wordsOf(text)), 300)}`,
      'where the provider can be reached from here, the relying party\'s machine reaches another one, or none: run the doctor ' +
      'there, in Compose by: docker compose exec relying-party node scripts/doctor.ts')
  }
}

const sameSettings: Check<RunningRelyingParty> = {
  name: 'runs with these settings',
  async run ({ config, metadata, peer }) {
    const { location, status, text } = await peer.request(`${config.app}/login`)
    if (!location) return skipped(`it starts no sign-in, ${status}: “${wordsOf(text)}”`)
    const endpoint = location.origin + location.pathname
    if (metadata?.authorization_endpoint && !sameAddress(metadata.authorization_endpoint, endpoint)) {
      return problem(`it sends browsers to ${endpoint}, and the provider wants them at ${metadata.authorization_endpoint}`,
        'restart it with these settings; where it has them, the provider goes by who asks: give it one name (Keycloak: hostname)')
    }
    // With a pushed request the rest is not in the URL.
    const sent = location.searchParams
    const expected = {
      client_id: config.oidc.clientId, ...(!sent.has('request_uri') && { redirect_uri: `${config.app}/callback` })
    }
    const wrong = Object.entries(expected).filter(([name, value]) => sent.get(name) !== value)
    if (wrong.length === 0) return ok(`it sends browsers to ${endpoint}, as ${config.oidc.clientId}`)
    const seen = wrong.map(([name, value]) => `${name} is ${quote(sent.get(name) ?? 'not there')}, by these settings ${value}`)
    return problem(seen.join('; '), 'restart it with these settings, or run the doctor with those that it has')
  }
}

function sameAddress (a: string, b: string): boolean {
  const { origin, pathname } = new URL(a)
  return origin + pathname === b
}

const cookies: Check<RunningRelyingParty> = {
  name: 'cookies',
  async run (subject) {
    const { headers } = await subject.peer.request(`${subject.config.app}/login`)
    const set = headers.getSetCookie().map(readCookie)
    if (set.length === 0) return skipped('it sets none')
    const demanded = isSecure(subject) ? ['httponly', 'secure'] : ['httponly']
    const lacking = demanded.filter(demand => set.some(({ attributes }) => !attributes.includes(demand)))
    if (lacking.length > 0) {
      return problem(`a cookie lacks ${lacking.join(' and ')}`,
        'restart the relying party with APP_URL by https, as browsers know it; see too that no proxy changes cookies')
    }
    if (isSecure(subject) && !set.every(({ name }) => name.startsWith('__Host-'))) {
      return problem('without the prefix __Host-, so that a sibling host can write over them',
        'restart the relying party with APP_URL by https; see too that no proxy changes cookies')
    }
    return ok(set[0]!.attributes.filter(attribute => !/^(max-age|expires)=/.test(attribute)).join(', '))
  }
}

function readCookie (header: string): { name: string, attributes: string[] } {
  const [pair, ...attributes] = header.split(/;\s*/)
  return { name: pair!.split('=', 1)[0]!, attributes: attributes.map(attribute => attribute.toLowerCase()) }
}

const transportSecurity: Check<RunningRelyingParty> = {
  name: 'HSTS',
  async run (subject) {
    if (!isSecure(subject)) return skipped('APP_URL is not https')
    const { headers } = await subject.peer.request(`${subject.config.app}/livez`)
    const header = headers.get('strict-transport-security')
    return header
      ? ok(header)
      : warning('no Strict-Transport-Security',
        'see that the relying party runs with this APP_URL, and that no proxy takes the header away')
  }
}

const proxies: Check<RunningRelyingParty> = {
  name: 'proxies',
  run (subject) {
    const { trustedProxies } = subject.config
    if (trustedProxies.length > 0) return ok(`TRUSTED_PROXIES=${trustedProxies.join(' ')}`)
    if (!isSecure(subject)) return skipped('APP_URL is not https, so no proxy is expected')
    if (subject.config.certificates !== undefined) return skipped('it speaks TLS itself (TLS=on)')
    return warning('APP_URL is https, so a proxy is in front, and TRUSTED_PROXIES is not set',
      'set it to the addresses of the proxy: otherwise all visitors have the same address, and share one limit of sign-ins')
  }
}

const allChecks: Check<RunningRelyingParty>[] = [ready, sameSettings, cookies, transportSecurity, proxies]

/** All about the relying party that runs. */
export async function diagnoseRelyingParty (subject: RunningRelyingParty, asked: Asked = () => true): Promise<Row[]> {
  const checks = allChecks.filter(({ name }) => asked(name))
  const section = `Relying party ${subject.config.app}`
  const [first] = await runAll(section, [live], subject)
  const rest = first!.verdict === 'ok'
    ? await runAll(section, checks, subject)
    : skipAll(section, checks, 'the relying party does not answer')
  return [first!, ...rest]
}
