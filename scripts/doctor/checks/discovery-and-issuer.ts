import type { AuthorizationServer } from 'oauth4webapi'
import { objectIn, quote, wordsOf } from '../../report/answer-text.ts'
import { ok, problem, type Check, type Outcome } from '../finding.ts'
import type { DiscoveredProvider, ProviderSubject } from '../requests/provider-subject.ts'

const issuersOfProducts = 'Keycloak: https://<host>/realms/<realm>; Okta: https://<domain>/oauth2/default, or no path; ' +
  'Auth0: https://<domain>/; Entra ID: https://login.microsoftonline.com/<tenant id>/v2.0'

/**
 * Read what the provider says of itself.
 *
 * @throws {Unreachable} when it does not answer
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationRequest
 */
export async function discover (
  { config, peer }: ProviderSubject
): Promise<{ outcome: Outcome, metadata?: AuthorizationServer }> {
  const url = `${config.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const answer = await peer.request(url)
  const { status, location, text } = answer
  const refused = (seen: string, change: string) => ({ outcome: problem(`${seen} (GET ${url})`, change) })

  if (location) {
    const change = 'set IDP_ISSUER to the issuer that is there: redirects are not followed'
    return refused(`redirects to ${location.origin}${location.pathname}`, change)
  }
  if (status === 404) return refused('not there: 404', `correct the path of IDP_ISSUER. ${issuersOfProducts}`)
  const words = `${status} “${wordsOf(text)}”`
  if (status >= 500) return refused(`the provider fails: ${words}`, 'see its log, or ask whoever runs it')
  if (status !== 200) return refused(`answered with ${words}`, `see whether IDP_ISSUER is right. ${issuersOfProducts}`)
  const metadata = objectIn(text)
  if (!metadata) {
    const seen = /^\s*</.test(text) ? `a page in place of JSON: “${wordsOf(text)}”` : `no JSON object: “${quote(text)}”`
    return refused(seen, `see whether a proxy stands in between, and whether IDP_ISSUER is right. ${issuersOfProducts}`)
  }
  return { outcome: ok(url), metadata: metadata as unknown as AuthorizationServer }
}

/** @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation */
export const issuer: Check<DiscoveredProvider> = {
  name: 'issuer, seen from here',
  run ({ config, metadata }) {
    const named: unknown = metadata.issuer
    if (named === config.issuer) return ok(`the document names ${named}, as IDP_ISSUER does`)
    if (typeof named !== 'string') {
      return problem('the document names no issuer', 'this is no OpenID Provider: correct IDP_ISSUER')
    }
    // As URLs they are the same, and so they are compared; tokens are then compared with what the document has.
    if (URL.canParse(named) && new URL(named).href === new URL(config.issuer).href) {
      return ok(`the document names ${named}; the slash after the host makes no difference`)
    }
    const seen = `the document names ${quote(named)}, IDP_ISSUER is ${config.issuer}`
    if (/\{tenantid\}|\/(common|organizations|consumers)\//.test(`${named}${config.issuer}`)) {
      return problem(seen, 'name one tenant of Entra ID: IDP_ISSUER=https://login.microsoftonline.com/<tenant id>/v2.0')
    }
    if (withoutSlash(named) === withoutSlash(config.issuer)) {
      const which = named.endsWith('/') ? 'the one has a slash at its end' : 'the other has a slash at its end'
      return problem(`${seen}: ${which}`, `set IDP_ISSUER=${named}, character by character`)
    }
    return problem(seen, `set IDP_ISSUER=${quote(named)} if it is reached by this name from everywhere; or have the provider ` +
      'name itself as browsers and services reach it (Keycloak: hostname; Auth0 and Okta: the custom domain)')
  }
}

const withoutSlash = (url: string) => url.replace(/\/$/, '')
