import tap from 'tap'
import { tokenRequestsIn } from '../../services/console/lessons/play/debug-log.ts'

const at = (second: number, words: string) => `2026-11-30T12:00:0${second}.000Z ${words}`
const log = [
  at(0, 'token request: grant_type=authorization_code&code=of-alice&redirect_uri=http%3A%2F%2Fcareless.localhost%2Fa%2F1f%2Fcallback'),
  at(1, 'refused: GET /a/1f/callback?code=x: The provider says 400: invalid_grant'),
  at(2, 'token request: grant_type=refresh_token&refresh_token=first'),
  at(3, 'refused: GET /a/1f/ token request: grant_type=refresh_token&refresh_token=typed-into-an-address'),
  at(4, 'token request: grant_type=refresh_token&refresh_token=second')
]

tap.test('the attacker reads out of the shop’s log what its token requests had in them, those of one kind alone, the oldest first', async t => {
  t.strictSame(tokenRequestsIn(log, 'authorization_code'), [
    { grant_type: 'authorization_code', code: 'of-alice', redirect_uri: 'http://careless.localhost/a/1f/callback' }
  ])
  t.strictSame(tokenRequestsIn(log, 'refresh_token').map(form => form['refresh_token']), ['first', 'second'])
})

tap.test('he finds none where the shop has made none', async t => {
  t.strictSame(tokenRequestsIn([log[1]!, ''], 'refresh_token'), [])
  t.strictSame(tokenRequestsIn([], 'authorization_code'), [])
})
