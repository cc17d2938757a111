import { setTimeout as pause } from 'node:timers/promises'
import { createRemoteJWKSet, customFetch, errors, jwtVerify, type FetchImplementation, type JWTPayload } from 'jose'
import { Refusal } from '../refusal.ts'

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
const maxTokenAgeSeconds = 150
// Cooldown: anybody can send a token of a key that is not there, and have the provider asked for it.
const cooldownMs = 500

/**
 * Makes the check of logout tokens of one provider.
 *
 * @param provider.algorithms that it signs ID tokens with; `none` and symmetric ones are not accepted in any case
 * @param provider.clockTolerance seconds by which its clock and ours may differ
 * @returns a function that rejects with a `Refusal`: 400 for a token that is refused for good, and 503 where its key cannot
 *   be asked for now, so that the provider sends it again
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation
 */
export function logoutTokenCheck (provider: {
  issuer: string, jwksUri: string, clientId: string, algorithms: string[], clockTolerance: number, fetch: FetchImplementation
}): (token: string) => Promise<LogoutToken> {
  const { issuer, clientId, clockTolerance } = provider
  const algorithms = provider.algorithms.filter(algorithm => !/^(none|HS)/i.test(algorithm))
  let asked = 0
  const keys = createRemoteJWKSet(new URL(provider.jwksUri), {
    cooldownDuration: cooldownMs,
    [customFetch]: (...request) => {
      asked++
      return provider.fetch(...request)
    }
  })
  const options = {
    issuer, audience: clientId, algorithms, maxTokenAge: maxTokenAgeSeconds, clockTolerance, requiredClaims: ['iat', 'exp', 'jti']
  }

  async function verify (token: string) {
    const before = asked
    try {
      return await jwtVerify(token, keys, options)
    } catch (error) {
      // It may have other keys by now, and under the names of those it had. Who was here before, and with what, must not matter:
      // a refusal is for good, since no provider sends a token again that was refused.
      if (!isOfUnknownKey(error)) throw error
      if (asked === before && keys.coolingDown) await pause(cooldownMs)
      // Who waits together asks once.
      if (asked === before || keys.reloading) await keys.reload()
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
      const claims = claimsOf(payload)
      return { ...claims, exp: claims.exp + clockTolerance }
    } catch (error) {
      if (isAboutTheKeys(error)) {
        throw new Refusal('provider_unavailable', {
          statusCode: 503, description: 'the keys of the identity provider could not be fetched', cause: error
        })
      }
      const apart = isAboutTime(error)
        ? `; where it was sent just now, the clocks of the identity provider and of this application are more than ${clockTolerance} s apart ` +
          '(OIDC_CLOCK_TOLERANCE)'
        : ''
      throw new Refusal('invalid_request', {
        description: `the logout token was refused: ${(error as Error).message}${apart}`, cause: error
      })
    }
  }
}

const isOfUnknownKey = (error: unknown) =>
  error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey

/** What jose throws of the JWK set and how it was fetched, not of the token. */
const isAboutTheKeys = (error: unknown) => error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid ||
  (error as { code?: string }).code === 'ERR_JOSE_GENERIC' || (error instanceof TypeError && error.message === 'fetch failed')

const isAboutTime = (error: unknown) => error instanceof errors.JWTExpired ||
  (error instanceof errors.JWTClaimValidationFailed && error.reason === 'check_failed' && /^(iat|exp|nbf)$/.test(error.claim))

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
