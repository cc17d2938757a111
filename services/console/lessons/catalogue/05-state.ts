import { fieldIn } from '../play/play.ts'
import { allowed } from '../play/visitor.ts'
import type { Lesson } from '../lesson.ts'

export const state: Lesson = {
  number: 5,
  slug: 'state',
  title: 'Did this browser ask?',
  buildsOn: [3],
  about: [
    'The [[provider]] sends the browser back with a [[code]] and the [[state]], a random value that the shop had sent along. By it the shop ' +
    'recognises its own question. But whoever begins a sign-in knows the state of it, and can stop half-way: the address with code and state is a ' +
    'link like any other.',
    'Mallory begins a sign-in as himself, keeps the address, and gives it to Alice. If the shop asks only whether it knows the state, Alice is ' +
    'signed in as Mallory, without noticing. What she enters then, she enters into *his* account.',
    'So the shop binds the state to the browser that has asked: by a cookie which only that browser has.'
  ],
  sources: [
    { title: 'RFC 6749, section 10.12', url: 'https://www.rfc-editor.org/rfc/rfc6749#section-10.12' },
    { title: 'RFC 9700, section 4.7', url: 'https://www.rfc-editor.org/rfc/rfc9700#section-4.7' }
  ],
  weakness: { checks: ['binds-state'] },
  mends: ['binds-state'],
  choice: 'checks',
  moves: [
    {
      name: 'keep-answer',
      by: 'mallory',
      says: 'Begin a sign-in as myself, and keep the answer in place of opening it',
      async run (play) {
        const answer = await play.answerOf(play.mallory, 'mallory')
        play.keep('answer', answer.href)
        play.says('I have an address with a code of mine and the state of my own sign-in.')
      }
    },
    {
      name: 'open-link',
      by: 'alice',
      says: 'Alice follows the link on his page, and enters her card number',
      opens: play => `${play.lair}lure`,
      byHand: 'Press “Fetch my prize”, and see who is signed in; then “Your account”, and keep any card number. The code is good for ten minutes: if it is refused, let Mallory begin again.',
      shownBy: ({ from, endpoint, status }) => from === 'browser' && endpoint === 'card' && status === 303,
      async run (play) {
        await play.alice.visit(play.kept('answer'))
        allowed(await play.alice.open(`${play.home}account/card`, { form: { card: '4000 1234 5678 9010' } }))
      }
    },
    {
      name: 'read-account',
      by: 'mallory',
      says: 'Sign in to my own account, and look',
      async run (play) {
        await play.signIn(play.mallory, 'mallory')
        const { text } = allowed(await play.mallory.open(`${play.home}account`))
        const card = fieldIn(text, 'card')
        if (card !== undefined && card !== 'none yet') play.loot('A card number that I never entered', card)
        play.says('This is my account, and I have looked at it.')
      }
    }
  ],
  lure: play => ({ text: 'Sign in to fetch it, and leave your card number, for the postage.', href: play.kept('answer') }),
  gain: 'Alice’s card number, in his account',
  hints: [
    'Where is the state of a sign-in looked up, and who can bring it?',
    'Look at the cookies: does the site give the browser anything at `/login` that it could ask for at `/callback`?'
  ],
  solution: 'At `/login` the browser gets a cookie, and its value is kept with the state. At `/callback` the two have to be the same.',
  refusal: 'The callback answers that another browser has begun this sign-in.'
}
