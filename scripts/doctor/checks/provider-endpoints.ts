import { ok, problem, warning, type Check } from '../finding.ts'
import type { DiscoveredProvider } from '../requests/provider-subject.ts'
import { Unreachable } from '../requests/peer.ts'

const needed = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const

/** @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata */
export const endpoints: Check<DiscoveredProvider> = {
  name: 'endpoints',
  run ({ config, metadata }) {
    const missing = needed.filter(name => typeof metadata[name] !== 'string')
    if (missing.length > 0) {
      return problem(`the document lacks ${missing.join(', ')}`, 'nobody can sign in without: ask whoever runs the provider')
    }
    const malformed = needed.filter(name => !URL.canParse(metadata[name]!))
    if (malformed.length > 0) return problem(`no URL: ${malformed.join(', ')}`, 'ask whoever runs the provider')
    const insecure = needed.filter(name => config.issuer.startsWith('https:') && !metadata[name]!.startsWith('https:'))
    if (insecure.length > 0) {
      return problem(`not https, while the issuer is: ${insecure.join(', ')}`,
        'tell the provider that it is behind TLS (Keycloak: proxy-headers, hostname; others: X-Forwarded-Proto from the proxy)')
    }
    return ok(needed.join(', '))
  }
}

/** Browsers are sent to the one endpoint, and this service calls the other. */
export const addresses: Check<DiscoveredProvider> = {
  name: 'addresses of the endpoints',
  async run ({ app, metadata, peer }) {
    const forBrowsers = new URL(metadata.authorization_endpoint ?? '')
    const forServices = new URL(metadata.token_endpoint ?? '')
    const reach = async (url: URL, who: string) => {
      try {
        // Whatever it answers: it is there.
        await peer.request(url.origin + url.pathname)
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error
        throw new Unreachable(`where ${who}: ${error.message}`, error.change, error)
      }
    }
    await Promise.all([reach(forBrowsers, 'browsers are sent'), reach(forServices, 'the relying party redeems codes')])
    if (forBrowsers.host === forServices.host) return ok(`${forBrowsers.host} for browsers and for the relying party`)
    const seen = `browsers are sent to ${forBrowsers.host}, the relying party redeems codes at ${forServices.host}`
    if (isPrivate(forBrowsers.hostname) && !isPrivate(new URL(app).hostname)) {
      return problem(seen,
        `browsers elsewhere cannot open ${forBrowsers.hostname}: give the provider its public name (Keycloak: hostname)`)
    }
    return warning(seen, 'nothing, if that is meant so; see that the machine of the relying party reaches the second')
  }
}

/** A name that is known to one machine or one container network alone. */
const isPrivate = (hostname: string) => !hostname.includes('.') || /(^|\.)(localhost|local|internal)$|^127\./.test(hostname)
