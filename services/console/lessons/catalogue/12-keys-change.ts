import { haveOwnProviderSay } from '../play/own-provider.ts'
import { fieldIn, type Play } from '../play/play.ts'
import { refusedUnderFault } from '../play/real-relying-party.ts'
import { MoveRefused, type Visitor } from '../play/visitor.ts'
import type { Lesson } from '../lesson.ts'

const letIn = 'that the shop has let me in'

export const keysChange: Lesson = {
  number: 12,
  slug: 'keys-change',
  title: 'Keys change',
  buildsOn: [8],
  about: [
    'The [[provider]] signs each [[ID token]] with a key, and publishes the public keys by which its [[signature]] is checked: its ' +
    '[[key set]]. A token names its key in its header, by a [[key ID]].',
    'Keys do not stay. A provider may sign with a new one at any time: a planned [[rotation]], or a stolen key that has to go. ' +
    'Nothing tells sites of it but the key ID.',
    'A site that has fetched the keys once, when it was set up, works for months. Then it lacks the key that a token names, and ' +
    'nobody can sign in. Mallory need not do anything. And whoever leaves the signature unchecked, as a remedy, opens lesson 8.',
    'So a key ID that is not known is a reason to fetch the keys again: once, as anybody can make tokens up. If it is not there ' +
    'then, the token is refused.'
  ],
  sources: [
    { title: 'OpenID Connect Core 1.0, section 10.1.1', url: 'https://openid.net/specs/openid-connect-core-1_0.html#RotateSigKeys' },
    { title: 'RFC 7517, section 4.5', url: 'https://www.rfc-editor.org/rfc/rfc7517#section-4.5' }
  ],
  weakness: { checks: ['refetches-keys'] },
  mends: ['refetches-keys'],
  badMends: [{ name: 'signature-unchecked', title: 'No check of signatures any more: then everybody can sign in again', weakens: ['verifies-signature'] }],
  choice: 'checks',
  moves: [
    {
      name: 'wait-for-rotation',
      by: 'mallory',
      says: 'Sign in at the shop as myself, and wait until the provider changes its keys',
      async run (play) {
        const refusal = await refusalOfSignIn(play, play.mallory, 'mallory')
        if (refusal === undefined) play.keep(letIn, 'yes')
        // Where the shop has been closed before, by the same attack, it goes on from there.
        else if (play.scene.state.kept[letIn] === undefined) throw new MoveRefused(refusal)
        play.says(refusal === undefined ? 'The shop has let me in.' : 'The shop is closed already.')
        const known = (await play.publishedKeys()).map(({ kid }) => kid)
        await play.realm.rotateKeys()
        const added = (await play.publishedKeys()).map(({ kid }) => kid).filter(kid => !known.includes(kid))
        play.says(`The provider has published the key ${added.join()}, and signs with it from now on.`)
      }
    },
    {
      name: 'sign-in',
      by: 'alice',
      says: 'Alice signs in at the shop, as she always does',
      opens: play => `${play.home}login`,
      byHand: 'Choose Alice if the provider asks. The shop may still say “Signed in as Alice Anders” at the top: that is her session of the first step. ' +
        'What counts is what it answers to the sign-in of now.',
      shownBy: ({ from, endpoint, status }) => from === 'browser' && endpoint === 'callback' && (status === 400 || status === 303),
      async run (play) {
        await refusalOfSignIn(play, play.alice, 'alice')
      }
    },
    {
      name: 'look',
      by: 'mallory',
      says: 'Try to sign in as well, and look whether the shop still lets anybody in',
      async run (play) {
        const refusal = await refusalOfSignIn(play, play.mallory, 'mallory')
        if (refusal === undefined) return play.says('The shop has let me in, as before: it knows the new key.')
        play.loot('The shop: nobody can sign in', refusal)
        play.says('The shop is closed, until somebody starts it anew. I have not lifted a finger.')
      }
    }
  ],
  async honest (play) {
    await play.signIn(play.alice, 'alice')
    await play.realm.rotateKeys()
    const { text } = await play.signIn(play.alice, 'alice')
    if (fieldIn(text, 'name') !== 'Alice Anders') throw new MoveRefused('Nobody is signed in afterwards')
    return 'Alice Anders is signed in, before the provider has changed its keys and after it'
  },
  variants: [
    {
      holds: 'A token that names a key which its provider does not publish is refused',
      fails: 'A token that names a key which its provider does not publish is taken',
      async run (play) {
        await haveOwnProviderSay(play, { sub: 'mallory', kid: 'published-by-nobody' })
        const refusal = await refusalOfSignIn(play, play.mallory, 'mallory', '?at=evil')
        if (refusal !== undefined) return { ok: true, says: refusal }
        return { ok: false, says: 'The key that the token names is not there, and the shop has taken the token all the same: it has checked the signature with another key, or not at all. The key ID says which key it is, and without that key there is nothing to check with.' }
      }
    }
  ],
  gain: 'nothing for himself; but the shop is closed to everybody',
  hints: [
    'In the picture, click on the last `POST /token`, and on Tokens: the header of the ID token names a key, `kid`. Has the shop asked for the keys since, at `/jwks`?',
    'Above the picture, choose Alice’s journey: there is one `GET /jwks`, at her first sign-in. Is the key that the last ID token names in its answer?'
  ],
  solution: 'Where a token names a key that the site does not know, it fetches the keys again, once, and refuses the token only if the key is not there either.',
  refusal: 'The shop has fetched the new key, and lets everybody in as before.',
  // The keys of the issuer at the root are everybody’s: it is shown the other way round, by a key that is nowhere to be fetched.
  onRealRelyingParty: async play => 'Nobody’s keys are changed for this: the provider has signed one token with a key that it does not publish. The relying party has ' +
    `fetched the keys as they are now, and that one is not among them. ${await refusedUnderFault(play.scene, 'id-token-unknown-kid')}`
}

/** Why the shop does not let somebody in; nothing where it does. */
const refusalOfSignIn = (play: Play, who: Visitor, username: string, query = ''): Promise<string | undefined> => play.signIn(who, username, query).then(() => undefined, (error: unknown) => {
  if (error instanceof MoveRefused) return error.message
  throw error
})
