import { cardNumber, entersCard } from '../play/moves-of-alice.ts'
import { fieldIn } from '../play/play.ts'
import { atReal, NotRefused } from '../play/real-relying-party.ts'
import { allowed, MoveRefused, Visitor } from '../play/visitor.ts'
import type { Lesson } from '../lesson.ts'

export const anEmailIsNotAPerson: Lesson = {
  number: 14,
  slug: 'an-email-is-not-a-person',
  title: 'An email is not a person',
  buildsOn: [1],
  about: [
    'After a sign-in the site opens an account. Which one? The ID token names the person by a [[subject]], and the [[issuer]] beside it. That pair ' +
    'is one person’s for ever: the issuer gives the same subject to nobody else. All other claims can change, or be somebody else’s tomorrow, and ' +
    'the specification forbids to recognise anybody by them.',
    'An email address above all: people write it into a form. This provider lets two users have the same one, as many do, and says only that it was not verified.',
    'Mallory registers there with Alice’s name and address, and a password of his own. Where the site looks for accounts by email, his sign-in ' +
    'passes every check, and opens hers.'
  ],
  sources: [
    { title: 'OpenID Connect Core 1.0, section 5.7', url: 'https://openid.net/specs/openid-connect-core-1_0.html#ClaimStability' }
  ],
  weakness: { checks: ['keys-accounts-by-sub'] },
  mends: ['keys-accounts-by-sub'],
  choice: 'checks',
  moves: [
    entersCard,
    {
      name: 'register',
      by: 'mallory',
      says: 'Register at the provider, with Alice’s name and email address',
      async run (play) {
        await play.realm.putUser('mallory-again', { claims: { name: 'Alice Anders', email: 'alice@example.com', email_verified: false } })
        play.says('I am registered as “mallory-again”, with her name and her address. The provider notes that the address is not verified, and lets me in all the same.')
      }
    },
    {
      name: 'sign-in',
      by: 'mallory',
      says: 'Sign in at the shop with my own password, and look at my account',
      async run (play) {
        await play.signIn(play.mallory, 'mallory-again')
        const { text } = allowed(await play.mallory.open(`${play.home}account`))
        const found = fieldIn(text, 'card') ?? 'none yet'
        if (found !== 'none yet') play.loot('Alice’s card number, in the account that my sign-in has opened', found)
        play.says(found === 'none yet' ? 'I am in an account that is new, and has nothing in it.' : 'I have typed my own password, and this is her account.')
      }
    }
  ],
  async honest (play) {
    await play.signIn(play.alice, 'alice')
    allowed(await play.alice.open(`${play.home}account/card`, { form: { card: cardNumber } }))
    const elsewhere = new Visitor({ headers: { 'user-agent': 'alice' } })
    await play.signIn(elsewhere, 'alice')
    const { text } = allowed(await elsewhere.open(`${play.home}account`))
    if (fieldIn(text, 'card') !== cardNumber) throw new MoveRefused('Alice does not find her card number again when she signs in in another browser.')
    return 'Alice signs in in another browser, and finds her card number'
  },
  gain: 'Alice’s account, with her card number',
  hints: [
    'Both sign-ins are honest, and both tokens are right. What do the two people have in common, and what not?',
    'Compare `sub` and `email` of the two sign-ins in the live view. By which of them does the site look for the account?'
  ],
  solution: 'The site keeps accounts by `iss` and `sub` together. The email address is only something that is shown, or written to.',
  refusal: 'Mallory is let in, to an account that is new, and has nothing in it.',
  onRealRelyingParty: play => atReal(play.scene, async ({ app, idp, username }) => {
    const namesake = `${username}-namesake`
    await idp.putUser(namesake, { claims: { name: 'Mallory', email: `${username}@example.com`, email_verified: false } })
    try {
      const alice = await seenAt(app, username)
      const mallory = await seenAt(app, namesake)
      if (mallory.email !== alice.email || mallory.sub === alice.sub || mallory.sessions !== 1) throw new NotRefused('The relying party of the lab takes one person for another: it should not.')
      return `Both have the address ${alice.email}. Alice is ${alice.sub}, Mallory is ${mallory.sub}, and of her session he sees nothing: his list of sessions has one, his own.`
    } finally {
      await idp.removeUser(namesake)
    }
  })
}

/** Who somebody is to the relying party of the lab, and how many sessions it says are theirs. */
async function seenAt (app: string, username: string) {
  const browser = new Visitor()
  await browser.visit(`${app}/login`, { as: username })
  const { user } = JSON.parse((await browser.open(`${app}/session`)).text) as { user: { sub: string, email: string } }
  const { sessions } = JSON.parse((await browser.open(`${app}/sessions`)).text) as { sessions: unknown[] }
  return { ...user, sessions: sessions.length }
}
