import { sleep } from '../platform/sleep.js'

/** @import { StoredTokens } from './stored-tokens.js' */
/** @import { TokenEndpoint } from './token-endpoint.js' */

// Some identity providers give access tokens of five minutes, which limit the JWT: it is renewed just before `exp`.
const RENEWED_BEFORE_EXPIRY_MS = 30_000
// Jitter, so that the tabs of one browser do not all do it at once.
const JITTER_MS = 20_000
const SHORTEST_WAIT_MS = 5000

/** New JWTs by the refresh token. */
export class JwtRenewal {
  #stored
  #endpoint
  #keeping = new AbortController()

  /**
   * @param {StoredTokens} stored
   * @param {TokenEndpoint} endpoint
   */
  constructor (stored, endpoint) {
    this.#stored = stored
    this.#endpoint = endpoint
  }

  /** @param {string} refreshToken */
  async renew (refreshToken) {
    const signOut = this.#stored.lastSignOut
    const jwt = await this.#endpoint.refresh(refreshToken)
    this.#stored.assertSince(signOut)
    this.#stored.renew(jwt)
    return { jwt, refreshToken }
  }

  /** For as long as the person stays signed in. */
  async keepFresh () {
    this.stop()
    const { signal } = this.#keeping
    while (!signal.aborted) {
      const { jwt, refreshToken } = this.#stored
      const expiry = jwt === undefined ? undefined : expiryOf(jwt)
      // Without a refresh token the brand would have to be asked, and might leave the page for it.
      if (expiry === undefined || refreshToken === undefined) return
      const left = expiry - Date.now()
      // It has lapsed, or the clock of this machine is wrong: the service's word counts, when it comes.
      if (left <= 0) return
      await sleep(Math.max(SHORTEST_WAIT_MS, left - RENEWED_BEFORE_EXPIRY_MS - Math.random() * JITTER_MS), signal)
      // Another tab may have been first.
      if (signal.aborted || this.#stored.jwt !== jwt) continue
      try {
        await this.renew(refreshToken)
      } catch {
        // Dealt with when the service refuses the JWT.
        return
      }
    }
  }

  stop () {
    this.#keeping.abort()
    this.#keeping = new AbortController()
  }
}

/**
 * @param {string} jwt Opaque, so nothing but its expiry is looked at, and only where that can be read.
 * @returns {number | undefined} Epoch milliseconds.
 */
function expiryOf (jwt) {
  try {
    const claims = jwt.split('.')[1] ?? ''
    const { exp } = JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/')))
    return typeof exp === 'number' ? exp * 1000 : undefined
  } catch {
    return undefined
  }
}
