import t from 'tap'
import { buildWithIdp } from '../helper.ts'
import { answerOfSignIn } from './helper.ts'

// Whoever reads along has the whole address of the answer, with code and state: from a proxy's log, the history of a shared
// machine or over a shoulder. https://www.rfc-editor.org/rfc/rfc9700#section-4.5
t.test('an answer that was stolen before it was used signs the thief in nowhere, whatever cookies they make up', async t => {
  const { idp, tab } = await buildWithIdp(t)
  const [victim, thief] = [tab(), tab()]
  const stolen = await answerOfSignIn(victim, idp, 'alice')
  const state = new URL(stolen, 'http://app.localhost').searchParams.get('state')!

  await thief.get('/login')
  const own = await thief.jar.getCookieString('http://app.localhost')
  const valueOfOwn = own.slice(own.indexOf('=') + 1)
  for (const value of ['', '1', String(Date.now()), `1.${state}`, '1.', valueOfOwn]) {
    const { status, headers } = await thief.get(stolen, { cookie: `attempt.${state}=${value}` })
    t.equal(status, 400, value)
    t.notMatch(headers['set-cookie'], /session=/)
  }
  t.match((await thief.get('/session')).json(), { authenticated: false })

  t.equal((await victim.get(stolen)).status, 303, 'and the person is signed in all the same')
  t.match((await victim.get('/session')).json(), { user: { name: 'Alice Anders' } })
})
