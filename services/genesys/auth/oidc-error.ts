/** How the identity provider, or what came from it, let a request down. */
export type OidcFailure =
  | 'unavailable' // it did not answer, or not with anything that can be understood
  | 'invalid_grant' // it does not take the code or refresh token
  | 'client_refused' // it does not take Genesys' own client, whatever the code
  | 'invalid_request' // what the page handed over cannot be right, so it was not asked
  | 'invalid_response' // what it sent, or the page as coming from it, does not stand up to validation

/** Why there is no identity for a code, an ID token or a refresh token. No code, token or nonce is in its texts. */
export class OidcError extends Error {
  override name = 'OidcError'
  readonly failure: OidcFailure
  /** what to do about it */
  readonly hint: string | undefined

  /** @param message why, in words that a person can act on */
  constructor (failure: OidcFailure, message: string, { hint, cause }: { hint?: string | undefined, cause?: unknown } = {}) {
    super(message, { cause })
    this.failure = failure
    this.hint = hint
  }

  /** Whether asking again with the same is in vain. */
  get isFinal (): boolean {
    return this.failure === 'invalid_grant' || this.failure === 'invalid_response'
  }
}

interface Words { reason: string, hint?: string, failure?: OidcFailure }

const sameRequest = 'Hand over what belongs to the authorization request that brought this code: keep it beside the code.'

/**
 * What the identity provider says about what was presented to it, in the names that a page knows.
 *
 * @param description its own words, where it has any
 */
export function explainRefusal (presented: Presented, error: string, description: string | undefined): Words {
  const said = description?.replaceAll('redirect_uri', 'redirectUri').replaceAll('code_verifier', 'codeVerifier')
  const hint = hints[presented].find(([pattern]) => pattern.test(said ?? ''))?.[1]
  return { reason: `the identity provider refused the ${presented} (${error})${said ? `: ${said}` : ''}`, ...(hint && { hint }) }
}

/** What an identity is asked for with. */
export type Presented = 'code' | 'refresh token' | 'ID token'

const hints: Record<Presented, [RegExp, string][]> = {
  code: [
    [/redirectUri/, 'Make up redirectUri once, and send the same string to the authorization endpoint and to the Messenger.'],
    [/codeVerifier/, sameRequest],
    [/redeemed/, 'A code works once. Let getAuthCode fetch another each time, and redeem it nowhere else.'],
    [/expired/, 'Fetch the code when it is needed: it lives for a minute or so.'],
    [/another client/, 'Ask for the code with the client_id of Genesys, not with that of the page\'s own application.']
  ],
  'refresh token': [
    [/^/, 'The Messenger asks the page for another code: let reAuthenticate bring one, after a sign-in if need be.']
  ],
  'ID token': []
}

/** What of an authorization request and of the client a token was held to. */
export interface Expectations {
  issuer: string
  clientId: string
  nonce?: string | undefined
  maxAge?: number | undefined
}

/**
 * What a validation found, in words.
 *
 * @param found openid-client's error about it. What caused that may quote a token, so it is left alone.
 */
export function explainValidation (found: Error, expected: Expectations): Words {
  const { claims = {} } = (found.cause ?? {}) as { claims?: Record<string, unknown> }
  const words = validations.find(([pattern]) => pattern.test(found.message))?.[1](claims, expected)
  return words ?? { reason: `what the identity provider sent is not valid: ${found.message}` }
}

const validations: [RegExp, (claims: Record<string, unknown>, expected: Expectations) => Words][] = [
  [/"nonce".*(missing|value)/, (claims, { nonce }) => {
    const reason = nonce === undefined
      ? 'no nonce was sent, but the ID token has one, as the authorization request had'
      : claims['nonce'] === undefined
        ? 'nonce was sent but the ID token has none: the authorization request had no nonce, so none may be sent'
        : 'nonce was sent but the ID token has another'
    return { reason, hint: sameRequest }
  }],
  [/"auth_time".*missing/, () => ({
    reason: 'maxAge was sent but the ID token has no auth_time: the authorization request had no max_age, so none may be sent',
    hint: sameRequest
  })],
  [/since the last End-User authentication/, (claims, { maxAge }) => ({
    reason: `the person signed in ${secondsSince(claims['auth_time'])} s ago, and maxAge allows ${maxAge} s`,
    hint: 'Let the person sign in again: max_age in the authorization request makes the identity provider ask.'
  })],
  [/"iss" \(issuer\) response parameter/, (_claims, { issuer }) => ({
    failure: 'invalid_request',
    reason: `iss is not the issuer of the identity provider, which is ${issuer}`,
    hint: 'Hand over iss as the authorization response had it, or leave it out.'
  })],
  [/"iss" \(issuer\) claim/, (_claims, { issuer }) => ({ reason: `the ID token is of another issuer than ${issuer}` })],
  [/"aud"|"azp"/, (_claims, { clientId }) => ({
    reason: `the ID token was issued for another client than ${clientId}`,
    hint: 'Ask for it with the client_id of Genesys, not with that of the page\'s own application.'
  })],
  [/"exp".*past/, claims => ({
    reason: `the ID token expired ${secondsSince(claims['exp'])} s ago`,
    hint: 'Fetch another when it is needed.'
  })],
  [/signature verification|verification key/, () => ({ reason: 'the ID token is not signed with a key of the identity provider' })],
  [/Invalid JWT|JWT (Header|Payload)/, () => ({ reason: 'the ID token is no JWT' })]
]

const secondsSince = (epochTime: unknown) => Math.floor(Date.now() / 1000) - Number(epochTime)
