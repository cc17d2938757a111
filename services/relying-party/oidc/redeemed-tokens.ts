import type { TokenEndpointResponse, TokenEndpointResponseHelpers } from 'openid-client'

/** What a redeemed code or refresh token brings. */
export interface Tokens {
  accessToken: string
  /** milliseconds since the epoch; nothing where the provider does not say */
  expiresAt: number | undefined
  refreshToken: string | undefined
  /** for `id_token_hint` */
  idToken: string
}

/** @param idToken the one of this answer, or that of the sign-in where a refresh brings none */
export function tokensOf (answer: TokenEndpointResponse & TokenEndpointResponseHelpers, idToken: string): Tokens {
  const expiresIn = answer.expiresIn()
  return {
    accessToken: answer.access_token,
    expiresAt: expiresIn === undefined ? undefined : Date.now() + expiresIn * 1000,
    refreshToken: answer.refresh_token,
    idToken
  }
}

// With the rest of the request it stays below the 4,000 characters that every server and proxy takes.
const maxHintLength = 3_000

/**
 * The ID token as far as it can be sent as `id_token_hint`: not where it would make the URL too long.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
 */
export const hintOf = (tokens: Tokens | undefined): string | undefined =>
  tokens && tokens.idToken.length <= maxHintLength ? tokens.idToken : undefined
