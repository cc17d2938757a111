import { exportJWK, generateKeyPair, importJWK, SignJWT, type JWK, type JWTPayload } from 'jose'
import { clientId } from '../attempts/clients.ts'
import type { Play } from './play.ts'

const keyOfProvider = 'key of my provider'
const tokenOfProvider = 'what my provider says'

/** What the attacker's own provider says of whoever signs in there. */
interface Saying {
  sub: string
  /** the key ID that its ID tokens name */
  kid: string
}

type Kept = Record<string, string>

const publishedKeyId = 'mallory-1'

/**
 * Have the attacker's own provider sign in whoever comes, as the subject that he wants. It says so honestly under its own issuer, and
 * publishes the key that it signs with.
 *
 * @param kid which key its ID tokens name; the one that it publishes where not said
 */
export async function haveOwnProviderSay (play: Play, { sub, kid = publishedKeyId }: { sub: string, kid?: string }): Promise<void> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  play.keep(keyOfProvider, JSON.stringify(await exportJWK(privateKey)))
  play.keep(tokenOfProvider, JSON.stringify({ sub, kid } satisfies Saying))
}

/** What the provider says by now; nothing where it sends people on to the honest one. */
export function sayingOf (kept: Kept): Saying | undefined {
  const saying = kept[tokenOfProvider]
  return saying === undefined ? undefined : JSON.parse(saying) as Saying
}

/** The key set that the provider publishes. */
export function keySetOf (kept: Kept): { keys: JWK[] } {
  const key = kept[keyOfProvider]
  if (key === undefined) return { keys: [] }
  const { kty, n, e } = JSON.parse(key) as JWK & { kty: 'RSA', n: string, e: string }
  return { keys: [{ kty, n, e, kid: publishedKeyId, alg: 'RS256', use: 'sig' }] }
}

/** An ID token of the provider for the shop. */
export async function signByOwnProvider (kept: Kept, kid: string, claims: JWTPayload): Promise<string> {
  const key = await importJWK(JSON.parse(kept[keyOfProvider] ?? '{}') as JWK, 'RS256')
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).setAudience(clientId).setIssuedAt().setExpirationTime('5 minutes').sign(key)
}
