import { randomBytes } from 'node:crypto'
import { jwtVerify, SignJWT, type JWTPayload } from 'jose'
import { keep } from '#lib/state-folder.ts'

/**
 * Makes and checks the JWTs of this service. Their format at Genesys is not documented and opaque to every client, so
 * HS256, with a key that is made at the first start, is our choice.
 *
 * @param stateFolder where the key is kept
 * @param issuer `iss` of the JWTs
 */
export async function openJwts (stateFolder: string, issuer: string) {
  const kept = await keep(stateFolder, 'jwt-key.json', () => ({ hs256: randomBytes(32).toString('base64url') }),
    ({ hs256 }) => Buffer.from(hs256, 'base64url').length === 32)
  const key = Buffer.from(kept.hs256, 'base64url')

  return {
    /**
     * @param audience what the JWT is for: one made for another audience is refused
     * @param lifetime in seconds
     * @returns the JWT and its `exp`
     */
    async sign (audience: string, claims: JWTPayload, lifetime: number): Promise<{ jwt: string, exp: number }> {
      const iat = Math.floor(Date.now() / 1000)
      const exp = iat + lifetime
      const jwt = await new SignJWT({ ...claims, iss: issuer, aud: audience, iat, exp })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .sign(key)
      return { jwt, exp }
    },

    /** @returns the claims, or nothing where the JWT is expired, for another audience or not ours */
    async verify (audience: string, jwt: string): Promise<JWTPayload | undefined> {
      try {
        const { payload } = await jwtVerify(jwt, key, { algorithms: ['HS256'], issuer, audience, requiredClaims: ['exp'] })
        return payload
      } catch {
        return undefined
      }
    }
  }
}

export type Jwts = Awaited<ReturnType<typeof openJwts>>
