import * as oauth from 'oauth4webapi'

/** Why nothing came of what an identity provider has sent, or a browser has brought from it. */
export interface Explanation {
  /** whether the provider refused, in the protocol's own format, gave no answer of the protocol, or one that is not valid */
  kind: 'provider-error' | 'no-answer' | 'invalid'
  /** the protocol's error code, or one of ours that says what is not valid */
  error: string
  /** the parameter, property, header or claim that it is about, by its name in the specification */
  about?: string
  /**
   * What was wrong, in words of ours and with the name that it is about. Nothing of what was sent is in it, so no token and
   * nothing personal either: it may be logged.
   */
  description: string
  /** of a page that says so: 502 and 503 where trying again later helps, otherwise 400 */
  statusCode: 400 | 502 | 503
  /** the provider's own words, which may hold anything */
  providerSays?: string | undefined
  /** of the ID token, where it is about one of them; they may hold anything too */
  claims?: Claims | undefined
}

type Claims = Readonly<Record<string, unknown>>

/** What the libraries put into `cause`, which is more stable than their English. */
interface Details {
  claim?: string
  claims?: Claims
  attribute?: string
  expected?: unknown
  parameters?: URLSearchParams
  body?: unknown
  header?: unknown
  signature?: unknown
  alg?: unknown
  candidates?: unknown[]
}

/**
 * What an error of openid-client or oauth4webapi means, in plain words. They decide what is refused; here is only said why.
 *
 * @param error what a call of either has thrown
 * @param options.expectsNonce whether the ID token had to have one
 * @returns nothing for other errors: those are mistakes of ours, and to be treated as such
 * @see https://github.com/panva/oauth4webapi/blob/main/docs/README.md#errors, the codes and their causes
 */
export function explainRefusal (error: unknown, { expectsNonce = true } = {}): Explanation | undefined {
  const errors = withCauses(error)
  // openid-client's own error is around that of oauth4webapi, which says more.
  const refused = errors.findLast(({ code }) => typeof code === 'string' && code.startsWith('OAUTH_'))
  return ofConnection(errors) ?? (refused ? ofCode(refused, expectsNonce) : ofEncoding(errors))
}

const invalid = (error: string, about: string, description: string): Explanation =>
  ({ kind: 'invalid', error, about, description, statusCode: 400 })

const invalidIdToken = (about: string, description: string) => invalid('invalid_id_token', about, `the ID token ${description}`)

const reasons = {
  busy: { kind: 'no-answer', error: 'temporarily_unavailable', description: 'the identity provider asks us to wait', statusCode: 503 },
  late: { kind: 'no-answer', error: 'provider_unavailable', description: 'the identity provider did not answer in time', statusCode: 503 },
  malformedJson: invalid('invalid_response', 'body', 'the identity provider answered with JSON that breaks off or is malformed'),
  otherFlow: invalid('invalid_response', 'response_type', 'the authorization response is of a flow that was not asked for'),
  unreadable: invalidIdToken('id_token', 'is not a JWT that we can read'),
  wrongAlgorithm: invalidIdToken('alg', 'is signed with an algorithm not agreed on (alg)'),
  wrongSignature: invalid('invalid_id_token', 'signature', 'the signature of the ID token is wrong'),
  unusableKey: invalid('invalid_metadata', 'keys', 'the JWK set has a key that we cannot use')
} as const satisfies Record<string, Explanation>

const timeouts = new Set<unknown>([
  'TimeoutError', 'AbortError', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT'
])
// What Node calls a certificate that it does not trust, https://nodejs.org/api/tls.html#x509-certificate-error-codes
const certificates = /CERT|SELF_SIGNED|UNABLE_TO_/

/** No answer, or one that broke off: `fetch` says so by a `TypeError` without a code, with what happened as the cause. */
function ofConnection (errors: Coded[]): Explanation | undefined {
  if (errors.some(({ name, code }) => timeouts.has(name) || timeouts.has(code))) return reasons.late
  if (!errors.some(error => error instanceof TypeError && error.code === undefined && error.cause instanceof Error)) return undefined
  const code = String(errors.at(-1)!.code ?? 'no reason was given')
  const what = certificates.test(code) ? 'its TLS certificate is not trusted' : 'no connection'
  return { kind: 'no-answer', error: 'provider_unavailable', description: `${what} (${code})`, statusCode: 503 }
}

/** What is not base64url, and a key that is none: neither has a code of the libraries. */
function ofEncoding (errors: Coded[]): Explanation | undefined {
  const [outer, inner] = errors
  if (inner?.name === 'DataError') return reasons.unusableKey
  // A wrong argument of ours has that code too, but nothing that has caused it.
  return outer?.code === 'ERR_INVALID_ARG_VALUE' && inner ? reasons.unreadable : undefined
}

function ofCode (refused: Coded, expectsNonce: boolean): Explanation {
  const { code, cause } = refused
  const details = (cause instanceof Object ? cause : {}) as Details
  switch (code) {
    case oauth.AUTHORIZATION_RESPONSE_ERROR: return ofAuthorizationError(refused as oauth.AuthorizationResponseError)
    case oauth.RESPONSE_BODY_ERROR: return ofTokenError(refused as oauth.ResponseBodyError)
    case oauth.WWW_AUTHENTICATE_CHALLENGE: return ofChallenge(refused as oauth.WWWAuthenticateChallengeError)
    case oauth.RESPONSE_IS_NOT_CONFORM: return ofStatus(cause as Response)
    case oauth.RESPONSE_IS_NOT_JSON: return ofContentType(cause as Response)
    case oauth.PARSE_ERROR: return byText(refused) ?? reasons.malformedJson
    case oauth.JWT_CLAIM_COMPARISON: return { ...ofUnexpectedClaim(details), claims: details.claims }
    case oauth.JWT_TIMESTAMP_CHECK: return { ...ofTime(details), claims: details.claims }
    case oauth.JSON_ATTRIBUTE_COMPARISON: return ofUnexpectedAttribute(details)
    case oauth.KEY_SELECTION: return details.candidates?.length
      ? invalidIdToken('kid', 'does not say which of several keys it is signed with (kid)')
      : invalidIdToken('kid', 'is signed with a key that the identity provider does not publish (kid)')
    case oauth.UNSUPPORTED_OPERATION: return ofUnsupported(cause)
    case oauth.INVALID_RESPONSE: return ofInvalidResponse(refused, details, expectsNonce)
    case oauth.MISSING_SERVER_METADATA:
    case oauth.INVALID_SERVER_METADATA: return ofProperty('discovery document', String(details.attribute))
    case oauth.HTTP_REQUEST_FORBIDDEN:
    case oauth.REQUEST_PROTOCOL_FORBIDDEN:
      return invalid('invalid_metadata', 'https', 'the discovery document has an address that is not https')
    default: return invalid('invalid_response', String(code), `what came did not pass a check (${String(code)})`)
  }
}

/**
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthError
 */
function ofAuthorizationError ({ error, error_description: providerSays }: oauth.AuthorizationResponseError): Explanation {
  const description = 'the identity provider refused the authorization request'
  return { kind: 'provider-error', error: codeOf(error), description, statusCode: 400, providerSays }
}

// https://www.rfc-editor.org/rfc/rfc6749#section-5.2
const tokenErrors: Record<string, string> = {
  invalid_grant: 'the token endpoint does not take the code or refresh token: used already, expired, or of another request',
  invalid_client: 'the token endpoint does not take the credentials of this application'
}

function ofTokenError ({ error, status, error_description: providerSays }: oauth.ResponseBodyError): Explanation {
  if (status === 429) return { ...reasons.busy, providerSays }
  const code = codeOf(error)
  const description = tokenErrors[code] ?? 'the identity provider refused the request'
  return { kind: 'provider-error', error: code, description, statusCode: 400, providerSays }
}

/**
 * A challenge to authenticate otherwise: `Bearer` is about the access token, other schemes are about the client. Where the
 * token is good and its scope is not enough, another token would be of no use.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3.1
 */
function ofChallenge ({ cause }: oauth.WWWAuthenticateChallengeError): Explanation {
  const refused = (error: string, description: string) => ({ kind: 'provider-error', error, description, statusCode: 400 } as const)
  const ofToken = cause.filter(({ scheme }) => /^(bearer|dpop)$/i.test(scheme))
  if (ofToken.length === 0) return refused('invalid_client', tokenErrors['invalid_client']!)
  return ofToken.some(({ parameters }) => parameters.error === 'insufficient_scope')
    ? refused('insufficient_scope', 'the access token does not cover this request (scope)')
    : refused('invalid_token', 'the userinfo endpoint does not take the access token')
}

// Error codes have no other characters wherever one is specified. What does not look like one could be anything.
const codeOf = (error: string) => /^[a-z][a-z_]{1,59}$/.test(error) ? error : 'unknown_error'

// A gateway's: it stands in front of a provider that it does not reach, https://www.rfc-editor.org/rfc/rfc9110#section-15.6.3
const ofGateway = new Set([502, 503, 504])

function ofStatus ({ status, headers }: Response): Explanation {
  if (status === 429 || (status === 503 && headers.has('retry-after'))) return reasons.busy
  if (ofGateway.has(status)) return { ...reasons.late, description: `the identity provider cannot be reached (status ${status})` }
  const description = `the identity provider answered with the status ${status}`
  return status >= 500
    ? { kind: 'no-answer', error: 'server_error', description, statusCode: 502 }
    : { kind: 'no-answer', error: 'invalid_response', description, statusCode: 400 }
}

const ofContentType = (response: Response): Explanation => response.status >= 400
  ? ofStatus(response)
  : { kind: 'no-answer', error: 'invalid_response', description: 'the identity provider answered with something other than JSON', statusCode: 400 }

/** @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation, steps 2, 3, 4, 5 and 11 */
function ofUnexpectedClaim ({ claim, expected }: Details): Explanation {
  switch (claim) {
    case 'iss': return invalidIdToken(claim, 'is from another identity provider (iss)')
    case 'aud': return expected === undefined
      ? invalidIdToken(claim, 'is also meant for an application that we do not know (aud)')
      : invalidIdToken(claim, 'was issued for another application (aud)')
    case 'azp': return invalidIdToken(claim, 'was issued to another application (azp)')
    case 'nonce': return invalidIdToken(claim, 'belongs to another sign-in (nonce)')
    default: return invalidIdToken(String(claim), `has a ${claim} that was not expected`)
  }
}

/** @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation, steps 9 and 13 */
function ofTime ({ claim }: Details): Explanation {
  switch (claim) {
    case 'exp': return invalidIdToken(claim, 'has expired (exp)')
    case 'nbf': return invalidIdToken(claim, 'is not valid yet (nbf)')
    case 'auth_time': return unmet('the person proved who they are longer ago than we allow (auth_time)')
    default: return invalidIdToken(String(claim), `has a ${claim} that does not fit the time`)
  }
}

// https://openid.net/specs/openid-connect-unmet-authentication-requirements-1_0.html
const unmet = (description: string) => invalid('unmet_authentication_requirements', 'auth_time', description)

/**
 * @see https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation
 */
const ofUnexpectedAttribute = ({ attribute }: Details): Explanation => attribute === 'sub'
  ? invalid('invalid_userinfo', 'sub', 'the userinfo endpoint tells about somebody else than the ID token (sub)')
  : invalid('invalid_metadata', String(attribute), `the discovery document is of another ${attribute} than the one asked (${attribute})`)

/** What they do not know how to do. What it is lies in the cause, by a kind of object for each. */
function ofUnsupported (cause: unknown): Explanation {
  if (cause === undefined) return reasons.otherFlow
  // A JWT that is encrypted.
  if (typeof cause === 'string') return reasons.unreadable
  const { alg, header, body } = cause as Details
  if (alg !== undefined) return reasons.wrongAlgorithm
  // Of which `crit` demands what nobody here knows.
  if (header !== undefined) return reasons.unreadable
  return body !== undefined
    ? invalid('invalid_response', 'token_type', 'the token response has a token_type that was not asked for')
    : reasons.unusableKey
}

/** The code for all that has no other: what is in the cause tells what it is about. */
function ofInvalidResponse (refused: Coded, details: Details, expectsNonce: boolean): Explanation {
  const { parameters, signature, header, claims, body } = details
  // A JWT that has not three parts, or not an object in each.
  if (typeof refused.cause === 'string') return reasons.unreadable
  if (parameters) return ofParameters(parameters, details)
  if (signature !== undefined) return reasons.wrongSignature
  if (header !== undefined) return reasons.wrongAlgorithm
  if (claims) return { ...ofClaims(claims, expectsNonce), claims }
  if ('body' in details && !(body instanceof Object && !Array.isArray(body))) return reasons.malformedJson
  return byText(refused) ?? invalid('invalid_response', 'body', 'the identity provider answered with something malformed')
}

/**
 * @see https://www.rfc-editor.org/rfc/rfc9207#section-2.4
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
 */
function ofParameters (parameters: URLSearchParams, details: Details): Explanation {
  const of = (name: string, description: string) => invalid('invalid_response', name, `the authorization response ${description}`)
  if (parameters.has('response')) return reasons.otherFlow
  if (!('expected' in details)) return of('iss', 'does not say which identity provider it is from (iss)')
  // An issuer is a URL, and a state is none.
  if (URL.canParse(String(details.expected))) return of('iss', 'is from another identity provider (iss)')
  return parameters.has('state') ? of('state', 'belongs to another request (state)') : of('state', 'has no state')
}

const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value)
const isText = (value: unknown) => typeof value === 'string'

// https://openid.net/specs/openid-connect-core-1_0.html#IDToken
const isOfItsType: Record<string, (value: unknown) => boolean> = {
  exp: isNumber,
  iat: isNumber,
  nbf: isNumber,
  iss: isText,
  aud: value => isText(value) || Array.isArray(value),
  sub: isText,
  auth_time: value => isNumber(value) && Number(value) >= 0
}

/** A claim that is missing or malformed: they give all claims, and not which, so one looks again. */
function ofClaims (claims: Claims, expectsNonce: boolean): Explanation {
  const malformed = Object.keys(isOfItsType).find(name => claims[name] !== undefined && !isOfItsType[name]!(claims[name]))
  if (malformed !== undefined) return invalidIdToken(malformed, `has a malformed ${malformed}`)
  const missing = ['aud', 'exp', 'iat', 'iss', 'sub', ...(expectsNonce ? ['nonce'] : [])].find(name => claims[name] === undefined)
  if (missing !== undefined) return invalidIdToken(missing, `has no ${missing}`)
  return unmet('the ID token does not say when the person has signed in, as was asked for (auth_time)')
}

/** What a property that is missing or malformed makes of the answer that it belongs to. */
function ofProperty (document: string, name: string): Explanation {
  return invalid(document === 'token response' ? 'invalid_response' : 'invalid_metadata', name, `the ${document} has no usable ${name}`)
}

const byProperty: Record<string, Explanation> = {
  // https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse
  sub: invalid('invalid_userinfo', 'sub', 'the userinfo endpoint does not say whom it tells about (sub)'),
  issuer: ofProperty('discovery document', 'issuer'),
  keys: invalid('invalid_metadata', 'keys', 'the JWK set has no usable keys'),
  // https://www.rfc-editor.org/rfc/rfc9126#section-2.2
  request_uri: invalid('invalid_response', 'request_uri', 'the answer to the pushed authorization request has no usable request_uri')
}

/**
 * What two causes have in common to the last property, so that only the libraries' own text is left to tell them apart. Of it is
 * said again what is in brackets, which is a name alone.
 */
const texts: [code: string, text: RegExp, explain: (name: string) => Explanation][] = [
  // No cause at all, and no other code.
  [oauth.INVALID_RESPONSE, /^"(\w+)" parameter must be/, name =>
    invalid('invalid_response', name, `the authorization response has more than one ${name}`)],
  [oauth.INVALID_RESPONSE, /^no authorization (code)/, name =>
    invalid('invalid_response', name, 'the authorization response has neither a code nor an error')],
  // The whole body, in which any property may be missing or malformed.
  [oauth.INVALID_RESPONSE, /^"response" body "(\w+)"/, name => byProperty[name] ?? ofProperty('token response', name)],
  // A syntax error of JSON, as for an answer as a whole.
  [oauth.PARSE_ERROR, /JWT (Header|Payload)/, () => reasons.unreadable]
]

function byText ({ code, message }: Coded): Explanation | undefined {
  for (const [itsCode, text, explain] of texts) {
    const found = code === itsCode && text.exec(message)
    if (found) return explain(found[1]!)
  }
  return undefined
}

/** A `DOMException` has a number for a code. */
type Coded = Error & { code?: unknown }

function withCauses (error: unknown): Coded[] {
  return error instanceof Error ? [error, ...withCauses(error.cause)] : []
}
