import t from 'tap'
import { stopClock } from '../helpers/clock.ts'
import type { Guest, GuestFrame } from '../helpers/guest.ts'
import { UpgradeError } from '../helpers/guest.ts'
import { anonymousDeploymentId, startGenesys } from './helper.ts'

const text = { message: { type: 'Text', text: 'a' } }
const typing = { message: { type: 'Event', events: [{ eventType: 'Typing', typing: { type: 'On' } }] } }

/** Send a request so often, without waiting, and give the answers in their order. */
async function flood (guest: Guest, times: number, action: string, fields: object): Promise<GuestFrame[]> {
  const sent = Array.from({ length: times }, () => guest.send(action, fields))
  return await Promise.all(sent.map(tracingId => guest.next(frame => frame.tracingId === tracingId)))
}

const accepted = (frames: GuestFrame[]) => frames.filter(({ code }) => code === 200).length

t.test('takes so many requests and no more, says when to come again, and keeps the socket', async t => {
  const cases: [string, string, object, number, string][] = [
    ['messages a second and session', 'onMessage', text, 5, 'Message rate too high for this session'],
    ['health checks a minute and connection', 'echo', { message: { type: 'Text', text: 'ping' } }, 2, 'Health check rate too high for this connection'],
    // The request that has configured the session counts too.
    ['requests a minute and connection', 'onMessage', typing, 59, 'Request rate too high for this connection']
  ]
  for (const [label, action, fields, limit, message] of cases) {
    await t.test(label, async t => {
      const { anonymousGuest } = await startGenesys(t, { rateLimits: true })
      const guest = await anonymousGuest()
      stopClock(t, { timeouts: true })
      const answers = await flood(guest, limit + 3, action, fields)
      t.equal(accepted(answers), limit)
      for (const answer of answers.slice(limit)) {
        t.match(answer, {
          type: 'response',
          class: 'TooManyRequestsErrorMessage',
          code: 429,
          body: { retryAfter: Number, errorCode: 4029, errorMessage: new RegExp(message) }
        })
        const { retryAfter } = answer.body as { retryAfter: number }
        t.ok(Number.isInteger(retryAfter) && retryAfter >= 1 && retryAfter <= 60)
      }
    })
  }
})

t.test('lets a session be configured sixty times a minute, on whichever socket', async t => {
  const { anonymousGuest } = await startGenesys(t, { rateLimits: true })
  const guest = await anonymousGuest()
  const other = await anonymousGuest({ token: guest.token })
  const answers = [...await flood(guest, 40, 'configureSession', {}), ...await flood(other, 19, 'configureSession', {})]
  t.equal(accepted(answers), 58)
  t.match(answers.at(-1), { code: 429, body: { errorMessage: 'Configure rate too high for this session' } })
})

t.test('takes messages again when the second is over', async t => {
  const { anonymousGuest } = await startGenesys(t, { rateLimits: true })
  const guest = await anonymousGuest()
  const later = stopClock(t, { timeouts: true })
  t.equal((await flood(guest, 6, 'onMessage', text)).at(-1)?.code, 429)
  later(0.999)
  t.equal((await guest.request('onMessage', text)).code, 429)
  later(0.001)
  t.equal((await guest.request('onMessage', text)).code, 200)
})

t.test('counts messages for the session and not for the socket', async t => {
  const { anonymousGuest } = await startGenesys(t, { rateLimits: true })
  const tab = await anonymousGuest()
  const otherTab = await anonymousGuest({ token: tab.token })
  const stranger = await anonymousGuest()
  stopClock(t, { timeouts: true })
  const answers = await Promise.all([flood(tab, 4, 'onMessage', text), flood(otherTab, 4, 'onMessage', text)])
  t.equal(accepted(answers.flat()), 5)
  t.equal((await stranger.request('onMessage', text)).code, 200)
})

t.test('gives the history ten times a minute, then says when to come again', async t => {
  const { app, anonymousGuest } = await startGenesys(t, { rateLimits: true })
  const guest = await anonymousGuest()
  const { jwt } = (await guest.request('getJwt')).body as { jwt: string }
  const headers = { authorization: `bearer ${jwt}` }
  for (let times = 0; times < 10; times++) {
    t.equal((await app.inject({ url: '/api/v2/webmessaging/messages', headers })).statusCode, 200)
  }
  const refused = await app.inject({ url: '/api/v2/webmessaging/messages', headers })
  t.equal(refused.statusCode, 429)
  t.match(refused.json(), { status: 429, code: 'too.many.requests', message: 'History rate too high for this session', contextId: /./ })
  t.ok(Number(refused.headers['retry-after']) >= 1)
})

t.test('opens a thousand sockets a minute for a deployment, and no more', async t => {
  const { open } = await startGenesys(t, { rateLimits: true })
  for (let batch = 0; batch < 10; batch++) {
    const guests = await Promise.all(Array.from({ length: 100 }, () => open({ deploymentId: anonymousDeploymentId })))
    await Promise.all(guests.map(guest => guest.close()))
  }
  await t.rejects(open({ deploymentId: anonymousDeploymentId }), { name: UpgradeError.name, statusCode: 429 })
  await open()
})
