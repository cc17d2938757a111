import { generateRandomCodeVerifier, type ClientAuth } from 'oauth4webapi'
import type { ProviderConfig } from '../../../services/relying-party/config.ts'
import { clientAuthenticationOf } from '../../../services/relying-party/oidc/client-authentication.ts'
import { errorIn, objectIn, wordsOf } from '../../report/answer-text.ts'
import { fieldAt } from '../advice/identity-products.ts'
import { ok, problem, skipped, warning, type Check } from '../finding.ts'
import type { DiscoveredProvider } from '../requests/provider-subject.ts'
import { impostorsAuthOf, postAsClient } from '../requests/post-as-client.ts'

const refusals = new Set(['invalid_client', 'unauthorized_client', 'access_denied'])

/**
 * Whether the client is let in at the token endpoint: by a code that nobody has issued, as the client is looked at before the
 * code. That it is looked at at all, is seen by the same request of somebody else.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2
 */
export const clientCredentials: Check<DiscoveredProvider> = {
  name: 'client credentials',
  async run (subject) {
    const { config, metadata } = subject
    if (typeof metadata.token_endpoint !== 'string') return skipped('the document has no token_endpoint')
    const { labIssuer } = subject
    const { clientId, authentication: { method } } = config
    const { status, error, words } = await redeemNothing(subject, await clientAuthenticationOf(config.authentication))
    const seen = `${status} ${words}`

    if (error === 'invalid_grant') {
      const impostor = await redeemNothing(subject, await impostorsAuthOf(config.authentication))
      if (impostor.error !== 'invalid_grant') return ok(`${clientId} is accepted by ${method}, its made-up code is not`)
      return warning('could not be told: a wrong secret is answered as the right one is',
        'sign in; where that ends with invalid_client, the secret is wrong')
    }
    if (refusals.has(error) || status === 401) {
      const encoded = encodedCharactersOf(config)
      if (encoded && (await redeemNothing(subject, basicAsItIs(config))).error === 'invalid_grant') {
        return problem(`${clientId} is refused by ${method} as RFC 6749 2.3.1 encodes it, ${encoded}, and accepted as it is`,
          'set OIDC_CLIENT_AUTH=client_secret_post, and the client at the provider to the same: it does not decode what is in the header')
      }
      return problem(`${clientId} is refused by ${method}: ${seen}`,
        `compare OIDC_CLIENT_ID, ${secretOf(method)} and OIDC_CLIENT_AUTH: ${fieldAt({ config, labIssuer }, 'client secret')}. ` +
        'A secret may have expired, or its end been lost when it was copied')
    }
    if (error === 'unsupported_grant_type') {
      return problem(seen, `allow the client the authorization code grant: ${fieldAt({ config, labIssuer }, 'grants')}`)
    }
    return warning(`could not be told: ${seen}`, 'sign in; where that ends with invalid_client, the secret is wrong')
  }
}

// As oauth4webapi does: more than what a URL would need, a hyphen among them.
const formEncoded = (text: string) => String(new URLSearchParams({ '': text })).slice(1)
  .replace(/[-_.*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

/** In words, what of the client is encoded in the header of `client_secret_basic`; nothing, if that is nothing. */
function encodedCharactersOf ({ clientId, authentication }: ProviderConfig): string | undefined {
  if (authentication.method !== 'client_secret_basic') return undefined
  if (formEncoded(clientId) !== clientId) return formEncoded(clientId)
  return formEncoded(authentication.secret) === authentication.secret ? undefined : 'with an encoded secret'
}

/** `client_secret_basic` without the encoding, as a provider wants it that does not decode. */
function basicAsItIs ({ clientId, authentication }: ProviderConfig): ClientAuth {
  const secret = 'secret' in authentication ? authentication.secret : ''
  return (_provider, _client, _body, headers) =>
    headers.set('authorization', `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`)
}

const secretOf = (method: string) =>
  method === 'private_key_jwt' ? 'OIDC_PRIVATE_KEY, OIDC_ASSERTION_AUDIENCE' : 'OIDC_CLIENT_SECRET'

async function redeemNothing ({ config, metadata, redirectUri, peer }: DiscoveredProvider, auth: ClientAuth) {
  const { status, text } = await postAsClient(peer, {
    url: metadata.token_endpoint!,
    metadata,
    clientId: config.clientId,
    auth,
    form: {
      grant_type: 'authorization_code',
      code: `made-up-${crypto.randomUUID()}`,
      redirect_uri: redirectUri,
      code_verifier: generateRandomCodeVerifier()
    }
  })
  const body = objectIn(text)
  return { status, error: String(body?.['error'] ?? ''), words: (body && errorIn(body)) || `“${wordsOf(text)}”` }
}
