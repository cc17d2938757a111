import { explainRefusal, type Explanation } from '#lib/oidc/explain-refusal.ts'

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

/** What an identity is asked for with. */
export type Presented = 'code' | 'refresh token' | 'ID token'

/** What of an authorization request and of the client a token was held to. */
export interface Expectations {
  issuer: string
  clientId: string
  nonce?: string | undefined
  maxAge?: number | undefined
}

/**
 * What came of asking for an identity, as the page and whoever looks after it are told.
 *
 * @param cause what openid-client or oauth4webapi has thrown
 * @param secrets that an identity provider might quote
 */
export function toOidcError (
  cause: unknown, presented: Presented, secrets: (string | undefined)[], expected: Expectations
): OidcError {
  const explained = explainRefusal(cause, { expectsNonce: expected.nonce !== undefined })
  switch (explained?.kind) {
    case 'provider-error': {
      const { failure, reason, hint } = wordsOfProvider(presented, explained, secrets)
      return new OidcError(failure, reason, { hint, cause })
    }
    case 'invalid': {
      const { failure, reason, hint } = wordsOfValidation(explained, expected)
      return new OidcError(failure, reason, { hint, cause })
    }
    default: return new OidcError('unavailable', `the identity provider gave no usable answer: ${inWords(cause)}`, { cause })
  }
}

/** Why there is nothing, in a few words. */
export const inWords = (error: unknown): string => explainRefusal(error)?.description ?? (error as Error).message

interface Words { failure: OidcFailure, reason: string, hint?: string | undefined }

/** What the identity provider says about what was presented to it, in the names that a page knows. */
function wordsOfProvider (
  presented: Presented, { error, providerSays }: Explanation, secrets: (string | undefined)[]
): Words {
  const said = secrets.reduce<string>((text, secret) => secret ? text.replaceAll(secret, '…') : text, providerSays ?? '')
    .replaceAll('redirect_uri', 'redirectUri').replaceAll('code_verifier', 'codeVerifier')
  const itsWords = said && `: ${said}`
  if (error === 'invalid_client') {
    return {
      failure: 'client_refused',
      reason: `the identity provider does not accept the client and secret of Genesys${itsWords}`,
      hint: 'Compare GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET with the client that is registered there.'
    }
  }
  return {
    failure: error === 'invalid_grant' ? 'invalid_grant' : 'client_refused',
    reason: `the identity provider refused the ${presented} (${error})${itsWords}`,
    hint: hints[presented].find(([pattern]) => pattern.test(said))?.[1]
  }
}

const sameRequest = 'Hand over what belongs to the authorization request that brought this code: keep it beside the code.'

// By the words of the lab's own identity provider; others have none that one could rely on.
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

/** What a validation found, with what was expected: the page has sent a part of it. */
function wordsOfValidation (
  { error, about, description, claims = {} }: Explanation, { issuer, clientId, nonce, maxAge }: Expectations
): Words {
  const invalid = (reason: string, hint?: string): Words => ({ failure: 'invalid_response', reason, hint })
  switch (`${error} ${about}`) {
    case 'invalid_response iss': return {
      failure: 'invalid_request',
      reason: `iss is not the issuer of the identity provider, which is ${issuer}`,
      hint: 'Hand over iss as the authorization response had it, or leave it out.'
    }
    case 'invalid_id_token nonce': return invalid(nonce === undefined
      ? 'no nonce was sent, but the ID token has one, as the authorization request had'
      : claims['nonce'] === undefined
        ? 'nonce was sent but the ID token has none: the authorization request had no nonce, so none may be sent'
        : 'nonce was sent but the ID token has another', sameRequest)
    case 'unmet_authentication_requirements auth_time': return claims['auth_time'] === undefined
      ? invalid('maxAge was sent but the ID token has no auth_time: the authorization request had no max_age, so none may be sent', sameRequest)
      : invalid(`the person signed in ${secondsSince(claims['auth_time'])} s ago, and maxAge allows ${maxAge} s`,
        'Let the person sign in again: max_age in the authorization request makes the identity provider ask.')
    case 'invalid_id_token iss': return invalid(`${description}: it has to be ${issuer}`)
    case 'invalid_id_token aud':
    case 'invalid_id_token azp': return invalid(`${description}: it has to be ${clientId}`,
      'Ask for it with the client_id of Genesys, not with that of the page\'s own application.')
    case 'invalid_id_token exp': return typeof claims['exp'] === 'number'
      ? invalid(`the ID token expired ${secondsSince(claims['exp'])} s ago`, 'Fetch another when it is needed.')
      : invalid(description)
    default: return invalid(description)
  }
}

const secondsSince = (epochTime: unknown) => Math.floor(Date.now() / 1000) - Number(epochTime)
