import t, { type Test } from 'tap'
import { stopClock } from '../helpers/clock.ts'
import type { GuestFrame } from '../helpers/guest.ts'
import { until } from '../helpers/until.ts'
import { ada, anonymousDeploymentId, deploymentsWith, startGenesys, temporaryFolder } from './helper.ts'

const text = { message: { type: 'Text', text: 'a' } }
const ping = { message: { type: 'Text', text: 'ping' } }
const isExpired = ({ class: name }: GuestFrame) => name === 'SessionExpiredEvent'

/** Sessions that live for as long as this, and a clock that stands still otherwise. */
async function start (t: Test, folder = temporaryFolder(t)) {
  const later = stopClock(t)
  return { later, ...await startGenesys(t, { deployments }, folder) }
}

const life = 2
const deployments = deploymentsWith(anonymousDeploymentId, deployment => ({ ...deployment, sessionDurationSeconds: life }))

t.test('tells every socket of a session that it has expired, and keeps the sockets', async t => {
  const { later, anonymousGuest } = await start(t)
  const tab = await anonymousGuest()
  const otherTab = await anonymousGuest({ token: tab.token })
  later(life)
  for (const guest of [tab, otherTab]) {
    t.same(await guest.next(isExpired), { type: 'response', class: 'SessionExpiredEvent', code: 200, body: {} })
  }
  t.match(await tab.request('configureSession', { startNew: true }), { class: 'SessionResponse', body: { newSession: true } })
  t.match(await tab.request('onMessage', text), { code: 200 })
})

t.test('answers 4006 to what is asked of a session that has expired, and a health check with the event', async t => {
  const { later, open, anonymousGuest } = await start(t)
  const guest = await anonymousGuest()
  later(life)
  await guest.next(isExpired)
  for (const [action, fields] of [['onMessage', text], ['getJwt', {}], ['configureSession', {}]] as const) {
    t.match(await guest.request(action, fields), { type: 'response', class: 'string', code: 4006 }, action)
  }
  t.match(await guest.request('echo', ping), { type: 'response', class: 'SessionExpiredEvent', code: 200, body: {} })
  const elsewhere = await open({ deploymentId: anonymousDeploymentId, token: guest.token })
  t.match(await elsewhere.request('onMessage', text), { code: 4007 }, 'on a socket where it was never configured')
})

t.test('counts the life of a session from its last message, of whichever side', async t => {
  const { later, anonymousGuest } = await start(t)
  const [guest, silent] = [await anonymousGuest(), await anonymousGuest()]
  const expirationDate = async () => {
    const { metadata } = (await guest.request('echo', ping)).body as { metadata: { expirationDate: string } }
    return Number(metadata.expirationDate)
  }
  const announced = await expirationDate()
  later(life - 1)
  t.equal((await guest.request('onMessage', text)).code, 200)
  t.equal(await expirationDate(), announced + life - 1)
  later(1)
  await silent.next(isExpired)
  t.equal(await expirationDate(), announced + life - 1, 'its first life is over, and it is on')
  t.notOk(guest.unread.some(isExpired))
  later(life - 1)
  await guest.next(isExpired)
})

t.test('forgets the messages of a session that has expired at once', async t => {
  // A message would by itself outlive such a session by half a second.
  const { later, app, anonymousGuest } = await start(t)
  const guest = await anonymousGuest()
  await guest.request('onMessage', text)
  const { jwt } = (await guest.request('getJwt')).body as { jwt: string }
  const total = async () => (await app.inject({ url: '/api/v2/webmessaging/messages', headers: { authorization: `bearer ${jwt}` } })).json().total
  t.ok(await total() > 0)
  later(life)
  await guest.next(isExpired)
  await until('they are gone', async () => await total() === 0)
})

t.test('does not expire a session in which something was said at another replica', async t => {
  const folder = temporaryFolder(t)
  const here = await start(t, folder)
  const there = await startGenesys(t, { deployments }, folder)
  const [guest, silent] = [await here.anonymousGuest(), await here.anonymousGuest()]
  const other = await there.anonymousGuest({ token: guest.token })
  here.later(life - 1)
  t.equal((await other.request('onMessage', text)).code, 200)
  here.later(1)
  await silent.next(isExpired)
  t.match(await guest.request('onMessage', text), { code: 200 })
  t.notOk(guest.unread.some(isExpired))
})

t.test('does not expire the session of somebody else, nor one without a socket later than it should', async t => {
  const { later, anonymousGuest, signedInGuest, open } = await start(t)
  const other = await signedInGuest(ada)
  const guest = await anonymousGuest()
  await guest.close()
  later(life)
  const again = await open({ deploymentId: anonymousDeploymentId, token: guest.token })
  t.match(await again.request('configureSession'), { code: 4006 })
  t.match(await other.request('onMessage', text), { code: 200 })
})
