import { decodeJwt, type JWTPayload } from 'jose'
import { fieldIn, type Play } from './play.ts'
import { allowed } from './visitor.ts'

// Time enough to send it.
const lifetimeSeconds = 3_600

/** What an ID token about Alice says that is made up for the shop: her subject is in the token that the game has got. */
export function claimsAboutAlice (play: Play): JWTPayload {
  const { iss, sub } = decodeJwt(play.kept('ID token of the game'))
  const now = Math.floor(Date.now() / 1000)
  return { iss: iss!, sub: sub!, aud: play.clientId, iat: now, exp: now + lifetimeSeconds }
}

/**
 * Hand an ID token over to the shop, as its page does it, and see whose account that opens.
 *
 * @param how what there is about the token, for what is got by it
 * @throws {MoveRefused} with the shop’s words, where it does not take the token
 */
export async function handOver (play: Play, idToken: string, how: string): Promise<void> {
  const { text } = allowed(await play.mallory.open(`${play.home}one-tap`, { form: { credential: idToken } }))
  const [name = '', email = '', card = ''] = [fieldIn(text, 'name'), fieldIn(text, 'email'), fieldIn(text, 'card')]
  if (name === 'Nobody') return play.says('The shop has taken it, and opened an account that is new and has nothing in it.')
  play.loot(`Alice’s account, by an ID token ${how}`, `${name}, ${email}, card ${card}`)
  play.says(`The shop has taken an ID token ${how}: I am in the account of ${name}.`)
}
