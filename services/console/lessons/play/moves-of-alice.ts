import type { Move } from '../lesson.ts'
import { allowed } from './visitor.ts'

export const cardNumber = '4000 1234 5678 9010'

/** Alice has an account at the shop, with something in it. */
export const entersCard: Move = {
  name: 'enter-card',
  by: 'alice',
  says: 'Alice signs in at the shop, and keeps her card number in her account',
  opens: play => play.home,
  byHand: 'Press “Sign in” if nobody is signed in, then “Your account”; type any card number, and press “Keep it”.',
  shownBy: ({ from, endpoint, status }) => from === 'browser' && endpoint === 'card' && status === 303,
  async run (play) {
    await play.signIn(play.alice, 'alice')
    allowed(await play.alice.open(`${play.home}account/card`, { form: { card: cardNumber } }))
  }
}

/** The attacker gets tokens about Alice as any application does at which she signs in. */
export const playsGame: Move = {
  name: 'play-game',
  by: 'alice',
  says: 'Alice signs in to his game, at her usual provider',
  opens: play => `${play.lair}game/login`,
  byHand: 'Choose Alice if the provider asks; if she is still signed in there, it asks nothing.',
  shownBy: ({ from, to, endpoint, status }) => from === 'browser' && to === 'evil' && endpoint === 'callback' && status === 200,
  async run (play) {
    await play.alice.visit(`${play.lair}game/login`, { as: 'alice' })
  }
}
