import { refusedUnderFaults } from '../play/real-relying-party.ts'
import { MoveRefused, refusalOf } from '../play/visitor.ts'
import type { Play } from '../play/play.ts'
import type { Lesson } from '../lesson.ts'

// What the rogue provider keeps.
const brought = 'code that the site brought'
const verifier = 'code verifier that the site brought'
const seen = 'error that Alice saw'
const credentials = 'client credentials that the site brought'

export const whoHasAnswered: Lesson = {
  number: 10,
  slug: 'who-has-answered',
  title: 'Who has answered?',
  buildsOn: [5],
  about: [
    'This shop knows two [[provider]]s, and goes by the same [[client secret]] at both. One belongs to Mallory: a sign-in that begins at `/login?at=evil` goes there.',
    'His provider sends the browser straight on to the honest one, with the shop’s own [[client]] ID, [[redirect URI]] and [[state]]. Alice signs in there, ' +
    'and the honest provider sends her back with a [[code]]. The shop has asked Mallory, so it takes the code for his, and sends him its ' +
    '[[token request]]: the code, its secret, and the [[code verifier]]. Now he can redeem it. That is a [[mix-up]], and neither state nor ' +
    '[[PKCE]] notices it.',
    'The honest provider says with its answer who it is, in the parameter `iss`. The shop compares it with the [[issuer]] that it has asked, before it makes any ' +
    'request with the code.'
  ],
  sources: [
    { title: 'RFC 9207, section 2.4', url: 'https://www.rfc-editor.org/rfc/rfc9207#section-2.4' },
    { title: 'RFC 9700, section 4.4', url: 'https://www.rfc-editor.org/rfc/rfc9700#section-4.4' }
  ],
  weakness: { checks: ['compares-iss-parameter'] },
  mends: ['compares-iss-parameter'],
  choice: 'checks',
  moves: [
    {
      name: 'write-link',
      by: 'mallory',
      says: 'Write a link to the shop’s sign-in that chooses my provider',
      async run (play) {
        for (const name of [brought, verifier, credentials, seen]) delete play.scene.state.kept[name]
        play.keep('link', `${play.home}login?at=evil`)
        play.says('My provider will ask nobody for a password. It sends people on to the honest one.')
      }
    },
    {
      name: 'follow-link',
      by: 'alice',
      says: 'Alice follows the link, and signs in at her usual provider',
      opens: play => `${play.lair}lure`,
      // The shop shows an error either way: that of his provider, which has her code by then, or its own.
      shownBy: ({ from, to, endpoint, parameters, status }) => from === 'browser' && to === 'relying-party' && endpoint === 'callback' && 'code' in parameters && status === 400,
      async run (play) {
        await play.alice.visit(play.kept('link'), { as: 'alice' }).catch((error: unknown) => {
          if (!(error instanceof MoveRefused)) throw error
          play.keep(seen, error.message)
        })
      }
    },
    {
      name: 'redeem',
      by: 'mallory',
      says: 'Redeem at the honest provider what the shop has brought to mine',
      async run (play) {
        if (play.scene.state.kept[brought] === undefined) {
          throw new MoveRefused(['The shop has brought nothing to my provider.', play.scene.state.kept[seen] ?? ''].join(' ').trim())
        }
        play.says('The shop has brought a code, the code verifier, and its client secret in the header Authorization.')
        const accessToken = await redeem(play)
        const userinfo = await play.curl(`${play.realm.issuer}/me`, { headers: { authorization: `Bearer ${accessToken}` } })
        if (userinfo.status !== 200) throw new MoveRefused(refusalOf(userinfo))
        const { name, email } = JSON.parse(userinfo.text) as { name: string, email: string }
        play.loot('Alice’s profile, by an access token of hers', `${name}, ${email}`)
        play.says('The honest provider takes me for the shop. I have Alice’s tokens, and she has an error message.')
      }
    }
  ],
  lure: play => ({ text: 'Sign in at the shop to fetch it.', href: play.kept('link') }),
  gain: 'Alice’s tokens, and her profile',
  hints: [
    'Look in the picture which provider sends Alice back with the code, and to which one the shop brings it.',
    'There are three parameters at `/callback`: `code`, `state` and `iss`. Which of them does the shop not look at?'
  ],
  solution: 'The site keeps with the state which issuer it has asked, and goes on only if the parameter `iss` of the answer is that very issuer.',
  refusal: 'The callback answers that another provider was asked, and brings the code to nobody.',
  onRealRelyingParty: play => refusedUnderFaults(play.scene, {
    'authorization-response-invalid-iss': 'An answer that names another provider', 'authorization-response-missing-iss': 'One that names none'
  })
}

/** What the shop would have done with the code, done by somebody who has everything that the shop has. */
async function redeem (play: Play): Promise<string> {
  const answer = await play.curl(`${play.realm.issuer}/token`, {
    headers: { authorization: play.kept(credentials) },
    form: { grant_type: 'authorization_code', code: play.kept(brought), code_verifier: play.kept(verifier), redirect_uri: `${play.home}callback` }
  })
  if (answer.status !== 200) throw new MoveRefused(refusalOf(answer))
  return (JSON.parse(answer.text) as { access_token: string }).access_token
}
