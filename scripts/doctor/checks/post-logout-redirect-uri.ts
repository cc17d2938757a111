import { wordsOf } from '../../report/answer-text.ts'
import { fieldAt } from '../advice/identity-products.ts'
import { ok, problem, skipped, warning, type Check } from '../finding.ts'
import type { DiscoveredProvider } from '../requests/provider-subject.ts'
import { followRedirects, unregisteredUri } from '../requests/silent-authorization.ts'

/** @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout */
export const postLogoutRedirectUri: Check<DiscoveredProvider> = {
  name: 'post-logout redirect URI',
  async run (subject) {
    const { app, config, labIssuer, metadata } = subject
    if (typeof metadata.end_session_endpoint !== 'string') return skipped('the document has no end_session_endpoint')
    const target = `${app}/logout/callback`
    const register = `register ${target}: ${fieldAt({ config, labIssuer }, 'post-logout redirect URI')}`
    const tryOut = `sign in and out: where that does not end at ${app}, ${register}`
    const arrival = await signOut(subject, target)
    const elsewhere = await signOut(subject, unregisteredUri)

    if (arrival === 'client') {
      return elsewhere === 'client'
        ? warning('could not be told: the provider redirects to any address', 'do not use such a provider but for tests')
        : ok(`${target} is registered`)
    }
    const seen = `the provider shows a page, ${arrival.status}: “${arrival.words}”`
    if (arrival.status >= 500 || arrival.status === 429) return warning(`could not be told: ${seen}`, 'try again later')
    if (arrival.status >= 400) {
      // There is no ID token to send.
      return /id_token_hint/.test(arrival.words)
        ? warning(`could not be told without an ID token: ${seen}`, tryOut)
        : problem(seen, register)
    }
    if (elsewhere !== 'client' && elsewhere.status >= 400) {
      return ok(`${target} is accepted, an address that nobody has registered is not`)
    }
    return warning('could not be told: the provider shows the same page for an address that nobody has registered', tryOut)
  }
}

/** Where a browser gets to in which nobody is signed in. */
async function signOut (subject: DiscoveredProvider, target: string) {
  const url = new URL(subject.metadata.end_session_endpoint!)
  url.searchParams.set('client_id', subject.config.clientId)
  url.searchParams.set('post_logout_redirect_uri', target)
  url.searchParams.set('state', 'doctor')
  const arrival = await followRedirects(subject, url, target)
  return arrival.at === 'provider' ? { status: arrival.page.status, words: wordsOf(arrival.page.text) } : 'client'
}
