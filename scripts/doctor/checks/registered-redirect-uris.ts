import { errorIn, wordsOf } from '../../report/answer-text.ts'
import { fieldAt } from '../advice/identity-products.ts'
import { ok, problem, skipped, warning, type Check, type Outcome } from '../finding.ts'
import type { DiscoveredProvider } from '../requests/provider-subject.ts'
import { askSilently, unregisteredUri, type Arrival } from '../requests/silent-authorization.ts'

/** Who asks, and the settings that say so. */
interface Client {
  clientId: string
  redirectUri: string
  parameters: Record<string, string>
  push: boolean
  idSetting: string
  scopeSetting: string
}

// Nobody is signed in: https://openid.net/specs/openid-connect-core-1_0.html#AuthError
const interactionErrors = new Set(['login_required', 'interaction_required', 'consent_required', 'account_selection_required'])

export const redirectUri: Check<DiscoveredProvider> = {
  name: 'redirect URI',
  run (subject) {
    const { config, metadata, redirectUri } = subject
    const { prompt: _prompt, ...parameters } = config.parameters
    return judgeRegistration(subject, {
      clientId: config.clientId,
      redirectUri,
      parameters: { ...parameters, scope: config.scope },
      push: config.pushedAuthorizationRequests === 'auto' && typeof metadata.pushed_authorization_request_endpoint === 'string',
      idSetting: 'OIDC_CLIENT_ID',
      scopeSetting: 'OIDC_SCOPE'
    })
  }
}

export const messengerRedirectUri: Check<DiscoveredProvider> = {
  name: 'redirect URI, Messenger',
  run: subject => {
    const client = messengersClient(subject)
    return client ? judgeRegistration(subject, client) : skipped('the Messenger signs in at the main provider')
  }
}

/** Whether the Messenger's code can come without the person seeing a page. */
export const silentSignIn: Check<DiscoveredProvider> = {
  name: 'sign-in without a page',
  async run (subject) {
    const client = messengersClient(subject)
    if (!client) return skipped('the Messenger signs in at the main provider')
    const arrival = await askSilently(subject, client)
    if (arrival.at === 'client') {
      const error = arrival.parameters.get('error')
      if (error !== null && interactionErrors.has(error)) return ok(`prompt=none is answered without a page: ${error}`)
      if (arrival.parameters.has('code')) {
        return warning('prompt=none is answered with a code, though nobody is signed in',
          'do not use such a provider but for tests: it gives codes for nobody in particular')
      }
      const words = errorIn(Object.fromEntries(arrival.parameters)) || 'neither code nor error'
      return problem(`prompt=none is answered without a page, but not with one of the errors that say why: ${words}`,
        'see the redirect URI of the Messenger; where that is right, the provider does not know prompt=none, and the chat begins ' +
        'with a visible redirect')
    }
    if (arrival.at === 'provider' && arrival.page.status < 300) {
      return warning('prompt=none is answered with a page',
        'nothing, if that is an error page about the client; otherwise the chat begins with a visible redirect')
    }
    return skipped('the request itself is refused: see the redirect URI of the Messenger')
  }
}

function messengersClient ({ app, messenger }: DiscoveredProvider): Client | undefined {
  return messenger && {
    clientId: messenger.clientId,
    redirectUri: `${app}/messenger/callback`,
    parameters: { scope: messenger.scope },
    push: false,
    idSetting: 'GENESYS_CLIENT_ID',
    scopeSetting: 'GENESYS_SCOPE'
  }
}

/** A provider sends an error to no address that it does not know: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1 */
async function judgeRegistration (subject: DiscoveredProvider, client: Client): Promise<Outcome> {
  if (typeof subject.metadata.authorization_endpoint !== 'string') return skipped('the document has no authorization_endpoint')
  const arrival = await askSilently(subject, client)
  if (arrival.at === 'provider') return judgePage(subject, client, arrival)
  if (arrival.at === 'pushed') return judgePushed(subject, client, arrival)

  const elsewhere = await askSilently(subject, { ...client, redirectUri: unregisteredUri })
  if (elsewhere.at === 'client') {
    return warning(`could not be told: the provider also redirects to ${unregisteredUri}, which nobody has registered`,
      'do not use such a provider but for tests: it sends codes to whoever asks for them')
  }
  const error = arrival.parameters.get('error')
  if (error === null && !arrival.parameters.has('code')) {
    return warning('could not be told: the provider redirects with neither code nor error', tryAgain)
  }
  if (error === null || interactionErrors.has(error)) return ok(`${client.redirectUri} is registered for ${client.clientId}`)
  return judgeError(subject, client, error, errorIn(Object.fromEntries(arrival.parameters)))
}

function judgeError ({ config, labIssuer }: DiscoveredProvider, client: Client, error: string, words: string): Outcome {
  const seen = `${client.redirectUri} is registered for ${client.clientId}, but the request is refused: ${words}`
  if (error === 'invalid_scope') {
    const where = fieldAt({ config, labIssuer }, 'scopes')
    return problem(seen, `take the scope out of ${client.scopeSetting}, or allow it to the client: ${where}`)
  }
  if (error === 'unauthorized_client' || error === 'unsupported_response_type') {
    return problem(seen, `allow the client the authorization code grant: ${fieldAt({ config, labIssuer }, 'grants')}`)
  }
  if (error === 'server_error' || error === 'temporarily_unavailable') return warning(seen, tryAgain)
  return problem(seen,
    'see the log of the provider, and what is sent with each request: OIDC_AUDIENCE, OIDC_ACR_VALUES, OIDC_UI_LOCALES')
}

function judgePushed (subject: DiscoveredProvider, client: Client, { status, error }: Arrival & { at: 'pushed' }): Outcome {
  if (/^(invalid_client|unauthorized_client)/.test(error) || status === 401) {
    return problem(`the pushed request is refused: ${error}`,
      'see the client credentials; where these are right, allow the client to push requests, or set OIDC_PAR=never')
  }
  if (isServerTrouble(status)) return warning(`could not be told: the pushed request was answered with ${status}`, tryAgain)
  return problem(`the pushed request is refused: ${status} ${error}`,
    `${register(subject, client)}. Where the client may not push requests, set OIDC_PAR=never`)
}

function judgePage (subject: DiscoveredProvider, client: Client, { page }: Arrival & { at: 'provider' }): Outcome {
  const { status, text } = page
  const words = wordsOf(text)
  const seen = `the provider shows a page, ${status}: “${words}”`
  // What is not shown counts in an error page alone: that for signing in may well have a redirect_uri in a form.
  const isAbout = aboutOf(wordsOf(text, text.length)) ?? (status >= 400 ? aboutOf(text) : undefined)
  const known = `${client.idSetting}=${client.clientId}`
  if (isServerTrouble(status)) return warning(`could not be told: ${seen}`, tryAgain)
  if (isAbout === 'client') return problem(seen, `the provider does not know the client: correct ${known}`)
  if (isAbout === 'redirect URI') return problem(seen, register(subject, client))
  if (status >= 400) return problem(seen, `${register(subject, client)}; see too that ${known} is right`)
  return warning(`could not be told: ${seen}`,
    `sign in at ${subject.app}. Where the provider shows an error, ${register(subject, client)}`)
}

const tryAgain = 'try again later, and see the log of the provider'

/** Whoever breaks on a request, or wants it later, has not judged it. */
const isServerTrouble = (status: number) => status === 429 || status >= 500

const register = ({ config, labIssuer }: DiscoveredProvider, { redirectUri }: Client) =>
  `register ${redirectUri}, character by character: ${fieldAt({ config, labIssuer }, 'redirect URI')}`

// With those of Entra ID: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
const wordsOnRedirectUris = /AADSTS(50011|500113|900971)|redirect[_ -]?ur[il]|callback url mismatch|reply (url|address)/i
const wordsOnClients = /AADSTS700016|invalid_client|(unknown|invalid) client|client.{0,20}(not found|invalid|unknown)/i

/** What an error page is about, by the words that providers use. */
function aboutOf (text: string): 'client' | 'redirect URI' | undefined {
  if (wordsOnRedirectUris.test(text)) return 'redirect URI'
  return wordsOnClients.test(text) ? 'client' : undefined
}
