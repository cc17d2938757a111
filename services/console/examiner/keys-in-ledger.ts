import type { JWK } from 'jose'
import type { Journey } from '../journeys/journeys.ts'

/**
 * The keys that a provider has answered with whenever it was asked: one that was retired before anybody looked has signed what it
 * has signed all the same.
 */
export function keysInLedger (journeys: readonly Pick<Journey, 'messages'>[], realm: string): JWK[] {
  const answers = journeys.flatMap(({ messages }) => messages)
    .filter(message => message.service === 'idp' && message.realm === realm && message.endpoint === 'jwks' && message.status === 200)
    .map(({ answer }) => answer['keys'])
  return [...new Set(answers)].flatMap(keysOf)
}

function keysOf (answer: unknown): JWK[] {
  try {
    return (JSON.parse(String(answer)) as JWK[]).filter(({ kid }) => kid !== undefined)
  } catch {
    // A fault, or cut since it was long.
    return []
  }
}
