import { createHash, randomBytes } from 'node:crypto'
import { debugLogOf, redeem } from '../play/debug-log.ts'
import { refusedByReal } from '../play/real-relying-party.ts'
import { MoveRefused, Visitor } from '../play/visitor.ts'
import type { Lesson } from '../lesson.ts'

const random = () => randomBytes(32).toString('base64url')

export const theCodeIsNotTheKey: Lesson = {
  number: 1,
  slug: 'the-code-is-not-the-key',
  title: 'The code is not the key',
  buildsOn: [0],
  about: [
    'The [[code]] travels through the browser: it is in addresses, in the history, in logs. So it must be worth nothing by itself. To redeem it, ' +
    'that is to exchange it for tokens, the [[client]], here the shop, has to show the [[provider]] two more things in its [[token request]], which no browser has seen: its [[client secret]], ' +
    'and the [[code verifier]] of this one sign-in.',
    'Alice opens an old bookmark of the provider’s sign-in page. The shop refuses what comes of it, as it has begun no such sign-in. So nobody has redeemed her ' +
    'code, and it is in the shop’s log. If the provider asks for neither secret nor verifier, whoever finds it there is as good as the shop: Mallory, the ' +
    'attacker in all these lessons.',
    'Either of the two alone would stop him. Have both.'
  ],
  sources: [
    { title: 'RFC 6749, section 3.2.1', url: 'https://www.rfc-editor.org/rfc/rfc6749#section-3.2.1' },
    { title: 'RFC 6749, section 4.1.3', url: 'https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3' },
    { title: 'RFC 7636, section 4.6', url: 'https://www.rfc-editor.org/rfc/rfc7636#section-4.6' },
    { title: 'RFC 9700, section 2.1.1', url: 'https://www.rfc-editor.org/rfc/rfc9700#section-2.1.1' }
  ],
  weakness: { rules: ['client-authentication-missing', 'code-verifier-missing'] },
  mends: ['client-authentication-missing', 'code-verifier-missing'],
  choice: 'rules',
  // A sign-in of long ago, which the shop does not know any more: its state is of no use to anybody, and its code verifier is lost.
  async prepare (play) {
    play.keep('bookmark', `${play.realm.issuer}/auth?${new URLSearchParams({
      client_id: play.clientId,
      response_type: 'code',
      redirect_uri: `${play.home}callback`,
      scope: 'openid profile email',
      state: random(),
      nonce: random(),
      code_challenge: createHash('sha256').update(random()).digest('base64url'),
      code_challenge_method: 'S256'
    })}`)
  },
  moves: [
    {
      name: 'open-bookmark',
      by: 'alice',
      says: 'Alice signs in from her bookmark of the sign-in page, and is refused by the shop',
      opens: play => play.kept('bookmark'),
      shownBy: ({ from, to, endpoint, status, parameters }) => from === 'browser' && to === 'relying-party' && endpoint === 'callback' && status === 400 && 'code' in parameters,
      async run (play) {
        // That the shop refuses her is what he waits for.
        await play.alice.visit(play.kept('bookmark'), { as: 'alice' }).catch((error: unknown) => {
          if (!(error instanceof MoveRefused)) throw error
        })
      }
    },
    {
      name: 'read-log',
      by: 'mallory',
      says: 'Read the log that the shop has left in the open, for a code that nobody has redeemed',
      async run (play) {
        const refused = (await debugLogOf(play)).map(line => / refused: GET (\S+\/callback\?\S*code=\S+): /.exec(line)?.[1]).filter(path => path !== undefined).at(-1)
        if (refused === undefined) throw new MoveRefused('There is no code in the log.')
        play.keep('code from the log', new URL(refused, play.home).searchParams.get('code')!)
        play.says(`The log says which address was refused, and the code is in it: ${refused}`)
      }
    },
    {
      name: 'redeem',
      by: 'mallory',
      says: 'Redeem the code with one curl, and nothing else in hand',
      async run (play) {
        const { profile } = await redeem(play, { grant_type: 'authorization_code', code: play.kept('code from the log'), redirect_uri: `${play.home}callback` })
        play.loot('Alice’s profile, by her code and nothing else', profile)
        play.says('No secret, no verifier: the provider took me for the shop.')
      }
    }
  ],
  gain: 'Alice’s profile, by a code found in a log',
  hints: [
    'Look at the last `POST /token` in the picture: what did Mallory send with the code? What did the shop send in the one before?',
    'The shop has two things that are in no log and in no browser. The provider was told not to ask for either of them: which rules are these?'
  ],
  solution: 'The provider lets no client redeem a code that does not authenticate (invalid_client), or that comes without the verifier (invalid_grant). Either is enough to stop him.',
  refusal: 'invalid_client, where the secret is missing; invalid_grant, where it is the verifier.',
  onRealRelyingParty: play => refusedByReal(play.scene, async ({ app, idp, username }) => {
    const { headers } = await new Visitor().request(`${app}/login`)
    const link = new URL(headers.get('location')!)
    const { url } = await new Visitor().visit(link.href, { as: username, stopAt: url => url.startsWith(`${app}/callback`) })
    const { token_endpoint: endpoint } = JSON.parse((await play.curl(`${idp.issuer}/.well-known/openid-configuration`)).text) as { token_endpoint: string }
    return play.curl(endpoint, {
      form: {
        grant_type: 'authorization_code',
        code: new URL(url).searchParams.get('code')!,
        redirect_uri: link.searchParams.get('redirect_uri')!,
        client_id: link.searchParams.get('client_id')!
      }
    })
  })
}
