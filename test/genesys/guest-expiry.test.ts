import t, { type Test } from 'tap'
import type { GuestFrame } from '../helpers/guest.ts'
import { until } from '../helpers/until.ts'
import { ada, anonymousDeploymentId, deploymentsWith, startGenesys, temporaryFolder } from './helper.ts'

const text = { message: { type: 'Text', text: 'a' } }
const ping = { message: { type: 'Text', text: 'ping' } }
const isExpired = ({ class: name }: GuestFrame) => name === 'SessionExpiredEvent'

const brief = (sessionDurationSeconds: number) =>
  deploymentsWith(anonymousDeploymentId, deployment => ({ ...deployment, sessionDurationSeconds }))

const startBrief = (t: Test, sessionDurationSeconds = 1) => startGenesys(t, { deployments: brief(sessionDurationSeconds) })

t.test('tells every socket of a session that it has expired, and keeps the sockets', async t => {
  const { anonymousGuest } = await startBrief(t)
  const tab = await anonymousGuest()
  const otherTab = await anonymousGuest({ token: tab.token })
  for (const guest of [tab, otherTab]) {
    t.same(await guest.next(isExpired), { type: 'response', class: 'SessionExpiredEvent', code: 200, body: {} })
  }
  t.match(await tab.request('configureSession', { startNew: true }), { class: 'SessionResponse', body: { newSession: true } })
  t.match(await tab.request('onMessage', text), { code: 200 })
})

t.test('answers 4006 to what is asked of a session that has expired, and a health check with the event', async t => {
  const { open, anonymousGuest } = await startBrief(t)
  const guest = await anonymousGuest()
  await guest.next(isExpired)
  for (const [action, fields] of [['onMessage', text], ['getJwt', {}], ['configureSession', {}]] as const) {
    t.match(await guest.request(action, fields), { type: 'response', class: 'string', code: 4006 }, action)
  }
  t.match(await guest.request('echo', ping), { type: 'response', class: 'SessionExpiredEvent', code: 200, body: {} })
  const elsewhere = await open({ deploymentId: anonymousDeploymentId, token: guest.token })
  t.match(await elsewhere.request('onMessage', text), { code: 4007 }, 'on a socket where it was never configured')
})

t.test('counts the life of a session from its last message, of whichever side', async t => {
  const { anonymousGuest } = await startBrief(t, 2)
  const guest = await anonymousGuest()
  const announced = Number(((await guest.request('echo', ping)).body as { metadata: { expirationDate: string } }).metadata.expirationDate)
  await until('the expiry has moved', async () => {
    t.equal((await guest.request('onMessage', text)).code, 200)
    const { metadata } = (await guest.request('echo', ping)).body as { metadata: { expirationDate: string } }
    return Number(metadata.expirationDate) >= announced + 2
  })
  t.notOk(guest.unread.some(isExpired), 'more than its first life is over')
})

t.test('forgets the messages of a session that has expired at once', async t => {
  // A message would by itself outlive such a session by a second.
  const { app, anonymousGuest } = await startBrief(t, 4)
  const guest = await anonymousGuest()
  await guest.request('onMessage', text)
  const { jwt } = (await guest.request('getJwt')).body as { jwt: string }
  const total = async () => (await app.inject({ url: '/api/v2/webmessaging/messages', headers: { authorization: `bearer ${jwt}` } })).json().total
  t.ok(await total() > 0)
  await guest.next(isExpired)
  await until('they are gone', async () => await total() === 0, 500)
})

t.test('does not expire a session in which something was said at another replica', async t => {
  const folder = temporaryFolder(t)
  const deployments = brief(2)
  const [here, there] = [await startGenesys(t, { deployments }, folder), await startGenesys(t, { deployments }, folder)]
  const guest = await here.anonymousGuest()
  const { metadata } = (await guest.request('echo', ping)).body as { metadata: { expirationDate: string } }
  const other = await there.anonymousGuest({ token: guest.token })
  await until('the first life is over', async () => {
    t.equal((await other.request('onMessage', text)).code, 200)
    return Date.now() / 1000 > Number(metadata.expirationDate) + 1.5
  })
  t.notOk(guest.unread.some(isExpired))
  t.match(await guest.request('onMessage', text), { code: 200 })
})

t.test('does not expire the session of somebody else, nor one without a socket later than it should', async t => {
  const { anonymousGuest, signedInGuest, open } = await startBrief(t)
  const other = await signedInGuest(ada)
  const guest = await anonymousGuest()
  await guest.close()
  const again = await open({ deploymentId: anonymousDeploymentId, token: guest.token })
  await until('it has expired', async () => (await again.request('configureSession')).code === 4006)
  t.match(await other.request('onMessage', text), { code: 200 })
})
