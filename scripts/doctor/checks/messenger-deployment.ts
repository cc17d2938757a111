import type { RelyingPartyConfig } from '../../../services/relying-party/config.ts'
import { objectIn, wordsOf } from '../../report/answer-text.ts'
import { domainOf, environmentOf, genesysDomain, originsOf } from '../advice/genesys-regions.ts'
import { ok, problem, skipped, warning, type Check } from '../finding.ts'
import type { Peer } from '../requests/peer.ts'

interface MessengerSubject {
  config: RelyingPartyConfig
  peer: Peer
}

const deploymentsPage = 'Genesys Cloud, Admin › Message › Messenger Deployments'

const scriptOf = ({ config }: MessengerSubject) => new URL(config.messenger.scriptUrl)

const script: Check<MessengerSubject> = {
  name: 'script',
  async run ({ config, peer }) {
    const { scriptUrl } = config.messenger
    const { status, headers, text } = await peer.request(scriptUrl)
    const type = headers.get('content-type') ?? 'no content type'
    const change = 'correct GENESYS_SCRIPT_URL: https://apps.<domain of the region>/genesys-bootstrap/genesys.min.js'
    if (status !== 200) return problem(`answered with ${status} (GET ${scriptUrl})`, change)
    if (!/^(text|application)\/(x-)?(java|ecma)script\b/.test(type)) {
      return problem(`no JavaScript, but ${type}: “${wordsOf(text)}” (GET ${scriptUrl})`, change)
    }
    return ok(`${scriptUrl}, ${type}`)
  }
}

const region: Check<MessengerSubject> = {
  name: 'region',
  run (subject) {
    const { environment } = subject.config.messenger
    const { hostname } = scriptOf(subject)
    const domain = genesysDomain(hostname)
    if (!domain) return skipped(`${hostname} is not Genesys' own`)
    const expected = domainOf(environment)
    if (expected === domain) return ok(`${environment} is ${domain}`)
    const seen = `the script is from ${domain}, GENESYS_ENVIRONMENT=${environment} is ${expected ?? 'none that is known here'}`
    return problem(seen, `set GENESYS_ENVIRONMENT=${environmentOf(domain)}` +
      (expected ? `, or GENESYS_SCRIPT_URL=https://apps.${expected}/genesys-bootstrap/genesys.min.js` : ''))
  }
}

const origins: Check<MessengerSubject> = {
  name: 'origins that the page allows',
  run (subject) {
    const { origin, hostname } = scriptOf(subject)
    const domain = genesysDomain(hostname)
    const missing = uncovered(subject, domain ? originsOf(domain) : [origin])
    if (missing.length > 0) {
      return problem(`GENESYS_ORIGINS lacks ${missing.join(', ')}`, 'add them: browsers load nothing from elsewhere')
    }
    return ok(subject.config.messenger.origins.join(' '))
  }
}

/** Which of the origins the page's Content-Security-Policy would not let in. */
function uncovered ({ config }: MessengerSubject, needed: string[]): string[] {
  const allowed = config.messenger.origins.map(origin => origin.replace(/\/+$/, ''))
  return needed.filter(origin => !allowed.some(each => {
    const [before, after] = each.split('*.')
    return each === origin || (after !== undefined && origin.startsWith(before!) && origin.endsWith(`.${after}`))
  }))
}

const deployment: Check<MessengerSubject> = {
  name: 'deployment',
  async run (subject) {
    const { deploymentId } = subject.config.messenger
    const found = await fetchAboutDeployment(subject, 'config.json')
    if (!found.body) {
      return problem(`there is no deployment ${deploymentId}: ${found.seen}`,
        `correct GENESYS_DEPLOYMENT_ID (${deploymentsPage}), and see that it is in this region`)
    }
    const { status, auth, messenger } = found.body as DeploymentConfiguration
    if (status !== 'Active') {
      return problem(`${deploymentId} is ${status ?? 'without a status'}`, `switch it on: ${deploymentsPage}`)
    }
    if (auth?.enabled !== true) {
      return problem(`${deploymentId} is for guests without a name: its authentication is off`,
        'switch it on, with your OpenID Connect integration: Admin › Message › Messenger Configurations › Authentication')
    }
    const endpoint = messenger?.apps?.conversations?.messagingEndpoint
    const missing = endpoint === undefined ? [] : uncovered(subject, [new URL(endpoint).origin])
    if (missing.length > 0) return problem(`messages go to ${missing[0]}, which GENESYS_ORIGINS lacks`, 'add it')
    return ok(`${deploymentId} is active, and its guests sign in`)
  }
}

/** As far as it is looked at. */
interface DeploymentConfiguration {
  status?: string
  auth?: { enabled?: boolean }
  messenger?: { apps?: { conversations?: { messagingEndpoint?: string } } }
}

const domainAllowed: Check<MessengerSubject> = {
  name: 'domain of the page',
  async run (subject) {
    const { hostname } = new URL(subject.config.app)
    const found = await fetchAboutDeployment(subject, 'domains.json')
    if (!found.body) return skipped(`the deployment does not say which domains it allows: ${found.seen}`)
    const { allowAllDomains, allowedDomains } = found.body as { allowAllDomains?: boolean, allowedDomains?: string[] }
    if (allowAllDomains) return warning('the deployment allows all domains', `restrict it to yours: ${deploymentsPage}`)
    const isAllowed = allowedDomains?.some(domain => hostname === domain || hostname.endsWith(`.${domain}`))
    return isAllowed
      ? ok(`${hostname} is allowed`)
      : problem(`${hostname} is not among the allowed domains: ${allowedDomains?.join(', ') || 'none'}`,
        `add ${hostname}: ${deploymentsPage} › Restrict domain access`)
  }
}

async function fetchAboutDeployment (subject: MessengerSubject, file: 'config.json' | 'domains.json') {
  const { origin, hostname } = scriptOf(subject)
  const domain = genesysDomain(hostname)
  const base = domain ? `https://api-cdn.${domain}` : origin
  const url = `${base}/webdeployments/v1/deployments/${encodeURIComponent(subject.config.messenger.deploymentId)}/${file}`
  const { status, text } = await subject.peer.request(url)
  return { body: status === 200 ? objectIn(text) : undefined, seen: `${status} (GET ${url})` }
}

const standInReady: Check<MessengerSubject> = {
  name: 'stand-in for Genesys',
  async run ({ config, peer }) {
    if (!config.messenger.scriptUrl.startsWith(`${config.genesys}/`)) return skipped('the Messenger is not that of GENESYS_URL')
    const { status, text } = await peer.request(`${config.genesys}/readyz`)
    if (status === 200) return ok(`${config.genesys} is ready`)
    return problem(`not ready, ${status} “${wordsOf(text)}”`, 'see its log, and IDP_ISSUER where it runs')
  }
}

export const messengerChecks: Check<MessengerSubject>[] = [script, region, origins, deployment, domainAllowed, standInReady]
