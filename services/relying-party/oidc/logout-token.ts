import { createRemoteJWKSet, customFetch, errors, jwtVerify, type FetchImplementation, type JWTPayload } from 'jose'
import { SignInError } from '../errors.ts'

/** What the provider says has ended: a session of its own, or all sessions of a person. */
export interface LogoutToken {
  sid: string | undefined
  sub: string | undefined
  /** names this token and no other */
  jti: string
  /** seconds since the epoch, after which it is refused anyway */
  exp: number
}

const event = 'http://schemas.openid.net/event/backchannel-logout'

// The specification recommends two minutes at most; a token that is older was kept by somebody.
const maxTokenAge = 150
const clockTolerance = 30

/**
 * Makes the check of logout tokens of one provider.
 *
 * @param provider.algorithms that it signs ID tokens with; `none` and symmetric ones are not accepted in any case
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation
 */
export function logoutTokenCheck (provider: {
  issuer: string, jwksUri: string, clientId: string, algorithms: string[], fetch: FetchImplementation
}): (token: string) => Promise<LogoutToken> {
  const { issuer, clientId } = provider
  const algorithms = provider.algorithms.filter(algorithm => !/^(none|HS)/i.test(algorithm))
  const keys = createRemoteJWKSet(new URL(provider.jwksUri), { [customFetch]: provider.fetch })
  const options = { issuer, audience: clientId, algorithms, maxTokenAge, clockTolerance, requiredClaims: ['iat', 'exp', 'jti'] }

  async function verify (token: string) {
    try {
      return await jwtVerify(token, keys, options)
    } catch (error) {
      // It may have other keys under the names of those it had.
      if (!(error instanceof errors.JWSSignatureVerificationFailed) || keys.coolingDown) throw error
      await keys.reload()
      return jwtVerify(token, keys, options)
    }
  }

  return async token => {
    try {
      const { payload, protectedHeader } = await verify(token)
      // Optional, but what has another type is another token, such as an ID token.
      if (protectedHeader.typ !== undefined && !/^(application\/)?logout\+jwt$|^JWT$/i.test(protectedHeader.typ)) {
        throw new Error('its type is that of another kind of token')
      }
      return claimsOf(payload)
    } catch (error) {
      throw new SignInError('invalid_request', {
        description: `the logout token was refused: ${(error as Error).message}`, cause: error
      })
    }
  }
}

function claimsOf (payload: JWTPayload): LogoutToken {
  const { sid, sub, jti, exp, events, nonce } = payload
  if (nonce !== undefined) throw new Error('it has a nonce, as only ID tokens have')
  if (!isObject(events) || !isObject(events[event])) throw new Error('its events do not say that it is a logout token')
  if (!isOptionalText(sid) || !isOptionalText(sub)) throw new Error('its sid or sub is no text')
  if (sid === undefined && sub === undefined) throw new Error('it names neither a session nor a person')
  return { sid, sub, jti: String(jti), exp: Number(exp) }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isOptionalText = (value: unknown): value is string | undefined =>
  value === undefined || (typeof value === 'string' && value !== '')
