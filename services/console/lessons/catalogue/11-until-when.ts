import { decodeJwt } from 'jose'
import { entersCard } from '../play/moves-of-alice.ts'
import { handOver } from '../play/one-tap.ts'
import { refusedUnderFault } from '../play/real-relying-party.ts'
import { allowed, MoveRefused } from '../play/visitor.ts'
import type { Lesson } from '../lesson.ts'

const weekSeconds = 7 * 24 * 60 * 60
const fromLog = 'ID token from the log'

export const untilWhen: Lesson = {
  number: 11,
  slug: 'until-when',
  title: 'Until when?',
  buildsOn: [9],
  about: [
    'An [[ID token]] says until when it is good: `exp`, its [[expiry]], in seconds since 1970. At that time or later nobody may accept it, but for a few ' +
    'minutes perhaps, as clocks differ.',
    'The [[signature]] does not tell: what the [[provider]] has signed once is signed for ever. And tokens stay where nobody thinks of them: in logs, ' +
    'in backups, in reports of errors. The expiry is there so that they are worth nothing when they are found.',
    'This shop writes each ID token that it takes into its log, as somebody has left debugging on. Every night the log is put away, in a folder that its ' +
    'web server shows to whoever knows the address.',
    'Mallory reads it a week later, and hands Alice’s token over at `/one-tap`. Everything in it is right, but for the time.'
  ],
  sources: [
    { title: 'OpenID Connect Core 1.0, section 3.1.3.7, step 9', url: 'https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation' },
    { title: 'RFC 7519, section 4.1.4', url: 'https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4' }
  ],
  weakness: { checks: ['checks-exp'] },
  mends: ['checks-exp'],
  choice: 'checks',
  moves: [
    entersCard,
    {
      name: 'wait',
      by: 'mallory',
      says: 'Wait a week, and read the log that the shop has put away',
      async run (play) {
        await play.scene.advance(weekSeconds)
        play.says('A week has passed, by the clocks of the shop and of the provider.')
        const { text } = allowed(await play.mallory.open(`${play.home}backup/shop.log`))
        const idToken = /ID token (\S+)/.exec(text)?.[1]
        if (idToken === undefined) throw new MoveRefused('There is no ID token in the log: nobody has signed in.')
        play.keep(fromLog, idToken)
        play.says(`In the log of last week there is an ID token. It was good until ${new Date(decodeJwt(idToken).exp! * 1000).toUTCString()}.`)
      }
    },
    {
      name: 'replay',
      by: 'mallory',
      says: 'Hand the ID token of last week over to the shop',
      run: play => handOver(play, play.kept(fromLog), 'of last week')
    }
  ],
  gain: 'Alice’s account, by a token that should be worth nothing',
  hints: [
    'The token was made by the provider, for this shop, and about Alice. What has changed since then?',
    'Look at `iat` and `exp` of the token, and then at the clock of the provider. Who compares them?'
  ],
  solution: 'The site compares `exp` with its clock, and refuses a token whose time is over.',
  refusal: 'The shop answers that the token has expired.',
  onRealRelyingParty: play => refusedUnderFault(play.scene, 'id-token-expired')
}
