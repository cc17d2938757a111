import type * as client from 'openid-client'
import { SignInError } from '../errors.ts'

/** Why nothing came of what the identity provider sent, for the page about it and for the log. */
export interface Refusal {
  /** the protocol's error code, or one of ours: the words of the page go by it */
  error: string
  /**
   * What was wrong, in words of ours and with the parameter or claim that it is about. Nothing of what was sent is in it, so
   * no token and nothing personal either: it may be logged.
   */
  description: string
  /** of the page that says so: 502 and 503 where trying again later helps, otherwise 400 */
  statusCode: 400 | 502 | 503
  /** the provider's own words, which may hold anything: for the page, as text, and not for the log */
  providerSays?: string | undefined
}

/** The same error in our terms, for the page and the log. What openid-client does not explain is a mistake of ours, and stays. */
export function refusal (error: unknown): unknown {
  const described = error instanceof SignInError ? undefined : describeRefusal(error)
  return described ? new SignInError(described.error, { ...described, cause: error }) : error
}

/**
 * What an error of openid-client or oauth4webapi means, in plain words. They decide what is refused; here is only said why.
 *
 * @param error what a call of either has thrown
 * @returns nothing for other errors: those are mistakes of ours, and to be treated as such
 */
function describeRefusal (error: unknown): Refusal | undefined {
  switch ((error as { code?: unknown } | undefined)?.code) {
    case 'OAUTH_AUTHORIZATION_RESPONSE_ERROR': return ofAuthorizationError(error as client.AuthorizationResponseError)
    case 'OAUTH_RESPONSE_BODY_ERROR': return ofTokenError(error as client.ResponseBodyError)
    case 'OAUTH_WWW_AUTHENTICATE_CHALLENGE': return ofChallenge(error as client.WWWAuthenticateChallengeError)
  }
  return ofConnection(error) ?? ofResponse(error) ?? ofCheck(error)
}

/**
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthError
 */
function ofAuthorizationError ({ error, error_description: providerSays }: client.AuthorizationResponseError): Refusal {
  return {
    error: codeOf(error), description: 'the identity provider refused the authorization request', statusCode: 400, providerSays
  }
}

// https://www.rfc-editor.org/rfc/rfc6749#section-5.2
const tokenErrors: Record<string, string> = {
  invalid_grant: 'the token endpoint does not take the code or refresh token: used already, expired, or of another request',
  invalid_client: 'the token endpoint does not take the credentials of this application'
}

function ofTokenError ({ error, status, error_description: providerSays }: client.ResponseBodyError): Refusal {
  const code = codeOf(error)
  const description = tokenErrors[code] ?? 'the identity provider refused the request'
  if (status === 429) return { ...outages.busy, providerSays }
  return { error: code, description, statusCode: status >= 500 ? 502 : 400, providerSays }
}

/**
 * A challenge to authenticate otherwise: `Bearer` is about the access token, other schemes are about the client. Where the
 * token is good and its scope is not enough, another token would be of no use.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3.1
 */
function ofChallenge ({ cause }: client.WWWAuthenticateChallengeError): Refusal {
  const ofToken = cause.filter(({ scheme }) => /^(bearer|dpop)$/i.test(scheme))
  if (ofToken.some(({ parameters }) => parameters.error === 'insufficient_scope')) {
    return { error: 'insufficient_scope', description: 'the access token does not cover this request (scope)', statusCode: 400 }
  }
  const aboutToken = ofToken.length > 0
  return aboutToken
    ? { error: 'invalid_token', description: 'the userinfo endpoint does not take the access token', statusCode: 400 }
    : { error: 'invalid_client', description: tokenErrors['invalid_client']!, statusCode: 400 }
}

// Error codes have no other characters wherever one is specified. What does not look like one could be anything.
const codeOf = (error: string) => /^[a-z][a-z_]{1,59}$/.test(error) ? error : 'unknown_error'

const outages = {
  busy: { error: 'temporarily_unavailable', description: 'the identity provider asks us to wait', statusCode: 503 },
  silent: { error: 'provider_unavailable', description: 'the identity provider did not answer in time', statusCode: 503 }
} as const satisfies Record<string, Refusal>

const timeouts = /^(TimeoutError|AbortError|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT|ETIMEDOUT)$/
// What Node calls a certificate that it does not trust, https://nodejs.org/api/tls.html#x509-certificate-error-codes
const certificates = /CERT|SELF_SIGNED|UNABLE_TO_/

/** No answer, or one that broke off: `fetch failed` and `terminated` are undici's, with what happened as the cause. */
function ofConnection (error: unknown): Refusal | undefined {
  const errors = withCauses(error)
  const names = errors.flatMap(({ name, code }) => [name, code ?? ''])
  if (names.some(name => timeouts.test(name))) return outages.silent
  if (!errors.some(({ name, message }) => name === 'TypeError' && /^(fetch failed|terminated)$/.test(message))) return undefined
  const code = errors.at(-1)!.code ?? 'no reason was given'
  const what = certificates.test(code) ? 'its TLS certificate is not trusted' : 'no connection'
  return { error: 'provider_unavailable', description: `${what} (${code})`, statusCode: 503 }
}

/** An answer that is none, by its status or its content type: openid-client has the response as the cause. */
function ofResponse (error: unknown): Refusal | undefined {
  const { cause: response } = error instanceof Error ? error : {}
  if (!(response instanceof Object && 'status' in response && 'url' in response)) return undefined
  const { status } = response
  if (status === 429 || status === 503) return outages.busy
  const answered = `the identity provider answered with the status ${Number(status)}`
  if (Number(status) >= 500) return { error: 'server_error', description: answered, statusCode: 502 }
  const description = status === 200 ? 'the identity provider answered with something other than JSON' : answered
  return { error: 'invalid_response', description, statusCode: 400 }
}

/** What did not pass a check, by the message of the innermost error that openid-client has written itself. */
function ofCheck (error: unknown): Refusal | undefined {
  const [outer, inner] = withCauses(error).filter(({ code }) => code?.startsWith('OAUTH_'))
  if (!outer) return undefined
  const { message } = inner ?? outer
  for (const [code, descriptions] of Object.entries(checks)) {
    const found = descriptions.find(([pattern]) => pattern.test(message))
    if (found) return { error: code, description: message.replace(found[0], found[1]), statusCode: 400 }
  }
  return { error: 'invalid_response', description: `what came did not pass a check (${outer.code})`, statusCode: 400 }
}

/** Each pattern is about a whole message; of the message is said again what is in brackets, which is a name alone. */
const checks: Record<string, [RegExp, string][]> = {
  // https://www.rfc-editor.org/rfc/rfc9207#section-2.4 and https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
  invalid_response: [
    [/^response parameter "iss".*$/, 'the authorization response does not say which identity provider it is from (iss)'],
    [/^unexpected "iss".*$/, 'the authorization response is from another identity provider (iss)'],
    [/^response parameter "state".*$/, 'the authorization response has no state'],
    [/^unexpected "state".*$/, 'the authorization response belongs to another request (state)'],
    [/^"(\w+)" parameter must be.*$/, 'the authorization response has more than one $1'],
    [/^no authorization code.*$/, 'the authorization response has neither a code nor an error'],
    [/^.*(JARM|implicit and hybrid).*$/, 'the authorization response is of a flow that was not asked for'],
    // https://www.rfc-editor.org/rfc/rfc6749#section-5.1
    [/^"response" body "((access|id|refresh)_token|token_type|expires_in|scope)".*$/, 'the token response has no usable $1'],
    [/^unsupported `token_type`.*$/, 'the token response has a token_type that was not asked for'],
    [/^.*body (as JSON|must be a top level object)$/, 'the identity provider answered with JSON that breaks off or is malformed']
  ],
  // https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation, step 13
  unmet_authentication_requirements: [
    [/^too much time has elapsed.*$/, 'the person proved who they are longer ago than we allow (auth_time)'],
    [/^JWT "auth_time" .* claim missing$/, 'the ID token does not say when the person has signed in, as was asked for (auth_time)']
  ],
  // https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
  invalid_id_token: [
    [/^JWT "(\w+)" .* claim missing$/, 'the ID token has no $1'],
    [/^unexpected JWT "(\w+)" .* claim type$/, 'the ID token has a malformed $1'],
    [/^unexpected JWT "iss".*$/, 'the ID token is from another identity provider (iss)'],
    [/^unexpected JWT "aud".*$/, 'the ID token was issued for another application (aud)'],
    [/^.*additional untrusted audiences$/, 'the ID token is also meant for an application that we do not know (aud)'],
    [/^.*"azp".*$/, 'the ID token was issued to another application (azp)'],
    [/^.*"nonce".*$/, 'the ID token belongs to another sign-in (nonce)'],
    [/^unexpected JWT "exp".*$/, 'the ID token has expired (exp)'],
    [/^unexpected JWT "nbf".*$/, 'the ID token is not valid yet (nbf)'],
    [/^(unexpected JWT "alg".*|unsupported JWS algorithm)$/, 'the ID token is signed with an algorithm not agreed on (alg)'],
    [/^JWT signature verification failed$/, 'the signature of the ID token is wrong'],
    [/^.*no applicable keys.*$/, 'the ID token is signed with a key that the identity provider does not publish (kid)'],
    [/^.*multiple applicable keys.*$/, 'the ID token does not say which of several keys it is signed with (kid)'],
    [/^(Invalid JWT|.*JWT (Header|Payload).*|JWE .*|.*"crit".*)$/, 'the ID token is not a JWT that we can read']
  ],
  // https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse
  invalid_userinfo: [
    [/^unexpected "response" body "sub".*$/, 'the userinfo endpoint tells about somebody else than the ID token (sub)'],
    [/^"response" body "sub".*$/, 'the userinfo endpoint does not say whom it tells about (sub)'],
    [/^JWT UserInfo Response expected$/, 'the claims of the userinfo endpoint are not signed']
  ],
  // https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation
  invalid_metadata: [
    [/^discovered metadata issuer does not match.*$/, 'the discovery document is of another issuer than the one asked (issuer)'],
    [/^"response" body "issuer".*$/, 'the discovery document has no usable issuer'],
    [/^.*"as\.(\w+)"$/, 'the discovery document has no usable $1'],
    [/^only (requests to|HTTP).*$/, 'the discovery document has an address that is not https'],
    [/^"response" body "keys".*$/, 'the JWK set has no usable keys']
  ]
}

function withCauses (error: unknown): (Error & { code?: string })[] {
  return error instanceof Error ? [error, ...withCauses(error.cause)] : []
}
