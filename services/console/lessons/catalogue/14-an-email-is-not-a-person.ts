import { decodeJwt } from 'jose'
import { cardNumber, entersCard } from '../play/moves-of-alice.ts'
import { haveOwnProviderSay } from '../play/own-provider.ts'
import { fieldIn, type Play } from '../play/play.ts'
import { atReal, NotRefused } from '../play/real-relying-party.ts'
import { allowed, MoveRefused, Visitor } from '../play/visitor.ts'
import type { Lesson } from '../lesson.ts'

export const anEmailIsNotAPerson: Lesson = {
  number: 14,
  slug: 'an-email-is-not-a-person',
  title: 'An email is not a person',
  buildsOn: [1],
  about: [
    'After a sign-in the site has to find the account of the person. The ID token names the person by a [[subject]], `sub`, and the ' +
    '[[issuer]] beside it, `iss`. That pair is one person’s for ever: the issuer never gives the same subject to anybody else. All ' +
    'other claims can change, or be somebody else’s tomorrow, and the specification forbids recognising anybody by them.',
    'An email address above all: people type it into a form. This provider lets two users have the same one, as some do, and says ' +
    'only that it was not verified. And an address that was verified once can belong to somebody else next year.',
    'Mallory registers there with Alice’s name and address, and a password of his own. Where the site looks for accounts by email, ' +
    'his sign-in passes every check, and opens hers.'
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
    await keepsCard(play)
    if (await cardSeenBy(play, 'alice') !== cardNumber) throw new MoveRefused('Alice does not find her card number again when she signs in in another browser.')
    return 'Alice signs in in another browser, and finds her card number'
  },
  variants: [
    {
      holds: 'Alice keeps her account when she changes her address',
      fails: 'Alice loses her account when she changes her address',
      async run (play) {
        await keepsCard(play)
        await giveAddress(play, 'alice', 'alice.anders@example.com')
        if (await cardSeenBy(play, 'alice') === cardNumber) return { ok: true, says: 'with her new address she finds her card number again' }
        return { ok: false, says: 'She is the same person, with the same issuer and subject, and her account is gone. People change their addresses, and their names.' }
      }
    },
    {
      holds: 'Whoever is given Alice’s old address, and has it verified, is not taken for her',
      fails: 'Whoever is given Alice’s old address, and has it verified, is taken for her',
      async run (play) {
        await keepsCard(play)
        await giveAddress(play, 'alice', 'alice.anders@example.com')
        await giveAddress(play, 'successor', 'alice@example.com')
        if (await cardSeenBy(play, 'successor') !== cardNumber) return { ok: true, says: 'the shop opens an account that is new' }
        return { ok: false, says: 'Somebody else has her address now, it is verified, and the shop shows them her card number. That an address is verified says who has it today, not who had it when the account was opened.' }
      }
    },
    {
      holds: 'Somebody with her subject at another provider is not taken for her',
      fails: 'Somebody with her subject at another provider is taken for her',
      async run (play) {
        await keepsCard(play)
        await play.alice.visit(`${play.lair}game/login`, { as: 'alice' })
        await haveOwnProviderSay(play, { sub: decodeJwt(play.kept('ID token of the game')).sub! })
        if (await cardSeenBy(play, 'mallory', '?at=evil') !== cardNumber) return { ok: true, says: 'the shop opens an account that is new' }
        return { ok: false, says: 'The shop knows two providers. Each names its people as it likes, Mallory’s own too: it names him as the other one names Alice, and the shop shows him her card number. A subject is somebody only together with its issuer.' }
      }
    }
  ],
  gain: 'Alice’s account, with her card number',
  hints: [
    'Both sign-ins are honest, and both tokens are right. What do the two people have in common, and what not?',
    'Above the picture, choose Alice’s journey and then Mallory’s: compare `sub` and `email` in the answers at `/me`. By which of them does the site look for the account?'
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

async function keepsCard (play: Play) {
  await play.signIn(play.alice, 'alice')
  allowed(await play.alice.open(`${play.home}account/card`, { form: { card: cardNumber } }))
}

/** Which card number somebody finds who signs in in a browser that was never here. */
async function cardSeenBy (play: Play, username: string, query = ''): Promise<string | undefined> {
  const browser = new Visitor({ headers: { 'user-agent': username === 'mallory' ? 'evil' : username } })
  await play.signIn(browser, username, query)
  return fieldIn(allowed(await browser.open(`${play.home}account`)).text, 'card')
}

const giveAddress = (play: Play, username: string, email: string) =>
  play.realm.putUser(username, { claims: { name: username === 'alice' ? 'Alice Anders' : 'Alina Andersen', email, email_verified: true } })

/** Who somebody is to the relying party of the lab, and how many sessions it says are theirs. */
async function seenAt (app: string, username: string) {
  const browser = new Visitor()
  await browser.visit(`${app}/login`, { as: username })
  const { user } = JSON.parse((await browser.open(`${app}/session`)).text) as { user: { sub: string, email: string } }
  const { sessions } = JSON.parse((await browser.open(`${app}/sessions`)).text) as { sessions: unknown[] }
  return { ...user, sessions: sessions.length }
}
