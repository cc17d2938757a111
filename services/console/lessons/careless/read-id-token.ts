import type { Attempt } from '../attempts/attempt.ts'
import { clientId } from '../attempts/clients.ts'
import type { Checks } from './checks.ts'
import { decode, type Claims } from './id-token.ts'
import { writeLog } from './log.ts'
import { Refused } from './refused.ts'
import type { SignedToken } from './signatures.ts'

/**
 * Look at a token as far as the site does: how it is signed, by whom, and with a key that is known.
 *
 * @throws {Refused} where one of the checks says so
 */
export async function readSignedToken (attempt: Attempt, checks: Checks, issuer: string, text: string): Promise<SignedToken> {
  const { memory } = attempt
  const { claims, alg, kid } = decode(text)
  const key = await checks.refetchesKeys(kid, memory.keys[issuer] ?? [], async () => {
    memory.keys[issuer] = await attempt.provider(issuer).keys()
    return memory.keys[issuer]
  })
  return { text, claims, key, alg }
}

/**
 * Look at an ID token, however it has come.
 *
 * @throws {Refused} where one of the checks says so
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
 */
export async function readIdToken (attempt: Attempt, checks: Checks, issuer: string, text: string): Promise<Claims> {
  const token = await readSignedToken(attempt, checks, issuer, text)
  await checks.verifiesSignature({ ...token, alg: checks.pinsAlg(token.alg) })
  if (token.claims.iss !== issuer) throw new Refused('The ID token is of another provider.')
  checks.comparesAud(token.claims, clientId)
  checks.checksExp(token.claims, attempt.nowSeconds)
  writeLog(attempt, `ID token ${text}`)
  return token.claims
}
