import { randomBytes } from 'node:crypto'
import { jwtVerify, SignJWT, type JWTPayload } from 'jose'
import type { Secrets } from '#lib/store/store.ts'

/**
 * Makes and checks the JWTs of this service. They are opaque to every client, so HS256 will do, with a key that is made at the first
 * start.
 */
export class Jwts {
  readonly #key: Uint8Array
  readonly #issuer: string

  private constructor (key: Uint8Array, issuer: string) {
    this.#key = key
    this.#issuer = issuer
  }

  /**
   * @param secrets where the key is kept
   * @param issuer `iss` of the JWTs
   */
  static async open (secrets: Secrets, issuer: string): Promise<Jwts> {
    const kept = await secrets.keep('jwt-key', () => ({ hs256: randomBytes(32).toString('base64url') }),
      ({ hs256 }) => Buffer.from(hs256, 'base64url').length === 32)
    return new Jwts(Buffer.from(kept.hs256, 'base64url'), issuer)
  }

  /**
   * @param audience what the JWT is for: one made for another audience is refused
   * @param lifetimeSeconds from now on
   * @returns the JWT and its `exp`
   */
  async sign (audience: string, claims: JWTPayload, lifetimeSeconds: number): Promise<{ jwt: string, exp: number }> {
    const iat = Math.floor(Date.now() / 1000)
    const exp = iat + lifetimeSeconds
    const jwt = await new SignJWT({ ...claims, iss: this.#issuer, aud: audience, iat, exp })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .sign(this.#key)
    return { jwt, exp }
  }

  /** @returns the claims, or nothing where the JWT is expired, for another audience or not ours */
  async verify (audience: string, jwt: string): Promise<JWTPayload | undefined> {
    try {
      const { payload } = await jwtVerify(jwt, this.#key, {
        algorithms: ['HS256'], issuer: this.#issuer, audience, requiredClaims: ['exp']
      })
      return payload
    } catch {
      return undefined
    }
  }
}
