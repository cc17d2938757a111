// What time does: to a session, to who asks too often, and by the lab's clock.
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { mock } from 'node:test'
import t from 'tap'
import WebSocket from 'ws'
import { AttachmentFiles } from '../../services/genesys/attachments/attachment-files.ts'
import { stopClock } from '../helpers/clock.ts'
import { UpgradeError, type Guest, type GuestFrame } from '../helpers/guest.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { until } from '../helpers/until.ts'
import {
  ada, anonymousDeploymentId, buildApp, deploymentId, deploymentsWith, implicitDeploymentId, startGenesys, stepUpDeploymentId
} from './helper.ts'
import { startBareProvider } from './identity-provider.ts'

const host = 'genesys.localhost:3002'
const minute = 60
const day = 86_400

const setClock = (offsetSeconds: number, to = app) =>
  to.inject({ method: 'PUT', url: '/lab/clock', headers: { host }, payload: { offsetSeconds } })

const System = Date

await t.test('outside of a lab there is no clock to move', async t => {
  const { app } = await buildApp(t, { lab: false })
  const response = await setClock(day, app)
  t.equal(response.statusCode, 404)
  t.match(response.json(), { status: 404, code: 'not.found' })
  t.equal(Date, System)
})

/** How long an anonymous session lives here. */
const life = 2
const deployments = deploymentsWith(anonymousDeploymentId, deployment => ({ ...deployment, sessionDurationSeconds: life }))
const { app, folder, tokens, open, anonymousGuest, signedInGuest } = await startGenesys(t, { lab: true, deployments })
const limited = await startGenesys(t, { lab: true, rateLimits: true })

const text = { message: { type: 'Text', text: 'a' } }
const ping = { message: { type: 'Text', text: 'ping' } }
const typing = { message: { type: 'Event', events: [{ eventType: 'Typing', typing: { type: 'On' } }] } }
const isAnswer = ({ body }: GuestFrame) => {
  const { direction, type } = body as { direction?: string, type?: string }
  return direction === 'Outbound' && type !== 'Event'
}
const isExpired = ({ class: name }: GuestFrame) => name === 'SessionExpiredEvent'

t.test('tells every socket of a session that it has expired, and keeps the sockets', async t => {
  const later = stopClock(t)
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
  const later = stopClock(t)
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
  const later = stopClock(t)
  const [guest, silent] = [await anonymousGuest(), await anonymousGuest()]
  const expirationDate = async () => {
    const { metadata } = (await guest.request('echo', ping)).body as { metadata: { expirationDate: string } }
    return Number(metadata.expirationDate)
  }
  const announced = await expirationDate()
  later(life - 1)
  t.equal((await guest.request('onMessage', text)).code, 200)
  await guest.next(isAnswer)
  t.equal(await expirationDate(), announced + life - 1)
  later(1)
  await silent.next(isExpired)
  t.equal(await expirationDate(), announced + life - 1, 'its first life is over, and it is on')
  t.notOk(guest.unread.some(isExpired))
  later(life - 1)
  await guest.next(isExpired)
})

t.test('forgets the messages of a session that has expired at once', async t => {
  const later = stopClock(t)
  // A message would by itself outlive such a session by half a second.
  const guest = await anonymousGuest()
  await guest.request('onMessage', { message: { type: 'Text', text: 'to be forgotten' } })
  await guest.next(isAnswer)
  const { jwt } = (await guest.request('getJwt')).body as { jwt: string }
  const history = () => app.inject({ url: '/api/v2/webmessaging/messages', headers: { authorization: `bearer ${jwt}` } })
  t.ok((await history()).json().total > 0)
  const messages = new DatabaseSync(join(folder, 'genesys', 'genesys.sqlite'), { readOnly: true })
  t.teardown(() => messages.close())
  const kept = messages.prepare("SELECT count(*) AS count FROM entry WHERE collection = 'message' AND value LIKE '%to be forgotten%'")
  t.match(kept.get(), { count: 1 })
  later(life)
  await guest.next(isExpired)
  await until('they are gone', () => (kept.get() as { count: number }).count === 0)
  t.equal((await history()).statusCode, 401)
})

t.test('does not expire a session in which something was said at another replica', async t => {
  const later = stopClock(t)
  const there = await startGenesys(t, { deployments }, folder)
  const [guest, silent] = [await anonymousGuest(), await anonymousGuest()]
  const other = await there.anonymousGuest({ token: guest.token })
  later(life - 1)
  t.equal((await other.request('onMessage', text)).code, 200)
  later(1)
  await silent.next(isExpired)
  t.match(await guest.request('onMessage', text), { code: 200 })
  t.notOk(guest.unread.some(isExpired))
})

t.test('does not expire the session of somebody else, nor one without a socket later than it should', async t => {
  const later = stopClock(t)
  const other = await signedInGuest(ada)
  const guest = await anonymousGuest()
  await guest.close()
  later(life)
  const again = await open({ deploymentId: anonymousDeploymentId, token: guest.token })
  t.match(await again.request('configureSession'), { code: 4006 })
  t.match(await other.request('onMessage', text), { code: 200 })
})

/** Send a request so often, without waiting, and give the answers in their order. */
async function flood (guest: Guest, times: number, action: string, fields: object): Promise<GuestFrame[]> {
  const sent = Array.from({ length: times }, () => guest.send(action, fields))
  return await Promise.all(sent.map(tracingId => guest.next(frame => frame.tracingId === tracingId)))
}

const accepted = (frames: GuestFrame[]) => frames.filter(({ code }) => code === 200).length

t.test('takes so many requests and no more, says when to come again, and keeps the socket', async t => {
  const cases: [string, string, object, number, string][] = [
    ['messages a second and session', 'onMessage', text, 5, 'Message rate too high for this session'],
    ['health checks a minute and connection', 'echo', ping, 2, 'Health check rate too high for this connection'],
    // The request that has configured the session counts too.
    ['requests a minute and connection', 'onMessage', typing, 59, 'Request rate too high for this connection']
  ]
  for (const [label, action, fields, limit, message] of cases) {
    await t.test(label, async t => {
      const { anonymousGuest } = limited
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
  const { anonymousGuest } = limited
  const guest = await anonymousGuest()
  const other = await anonymousGuest({ token: guest.token })
  const answers = [...await flood(guest, 40, 'configureSession', {}), ...await flood(other, 19, 'configureSession', {})]
  t.equal(accepted(answers), 58)
  t.match(answers.at(-1), { code: 429, body: { errorMessage: 'Configure rate too high for this session' } })
})

t.test('takes messages again when the second is over', async t => {
  const { anonymousGuest } = limited
  const guest = await anonymousGuest()
  const later = stopClock(t, { timeouts: true })
  t.equal((await flood(guest, 6, 'onMessage', text)).at(-1)?.code, 429)
  later(0.999)
  t.equal((await guest.request('onMessage', text)).code, 429)
  later(0.001)
  t.equal((await guest.request('onMessage', text)).code, 200)
})

t.test('counts messages for the session and not for the socket', async t => {
  const { anonymousGuest } = limited
  const tab = await anonymousGuest()
  const otherTab = await anonymousGuest({ token: tab.token })
  const stranger = await anonymousGuest()
  stopClock(t, { timeouts: true })
  const answers = await Promise.all([flood(tab, 4, 'onMessage', text), flood(otherTab, 4, 'onMessage', text)])
  t.equal(accepted(answers.flat()), 5)
  t.equal((await stranger.request('onMessage', text)).code, 200)
})

t.test('gives the history ten times a minute, then says when to come again', async t => {
  const { app, anonymousGuest } = limited
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
  const { open } = limited
  const openOne = () => open({ deploymentId: stepUpDeploymentId })
  for (let batch = 0; batch < 10; batch++) {
    const guests = await Promise.all(Array.from({ length: 100 }, openOne))
    await Promise.all(guests.map(guest => guest.close()))
  }
  await t.rejects(openOne(), { name: UpgradeError.name, statusCode: 429 })
  await open()
})

t.test('has so many sockets open and no more, some of them left to other addresses, and says so', async t => {
  const { open } = await startGenesys(t, { maxSockets: 8, trustedProxies: ['127.0.0.1'] })
  const from = (address: string) => open({ headers: { 'x-forwarded-for': address } })
  const refusal = { name: UpgradeError.name, statusCode: 503, message: /Too many connections are open, try again later\./ }
  const [first] = await Promise.all(Array.from({ length: 6 }, () => from('192.0.2.1')))
  await t.rejects(from('192.0.2.1'), refusal)
  const other = await from('192.0.2.2')
  await from('192.0.2.3')
  await t.rejects(from('192.0.2.4'), refusal)
  await Promise.all([first!.close(), other.close()])
  await until('there is a place again', () => from('192.0.2.1').then(() => true, () => false))
  await t.rejects(from('192.0.2.1'), refusal, 'for one of that address')
  await from('192.0.2.4')
})

t.test('counts binary frames too, though it understands none', async t => {
  const { open } = limited
  const guest = await open({ deploymentId: anonymousDeploymentId })
  for (let sent = 0; sent < 61; sent++) guest.sendRaw(Buffer.from('x'))
  t.match(await guest.next(({ code }) => code === 429), { class: 'TooManyRequestsErrorMessage' })
  const refused = guest.takeUnread()
  t.equal(refused.length, 60)
  t.ok(refused.every(frame => frame.class === 'string' && frame.code === 400 && /binary/.test(String(frame.body))))
})

t.test('closes a socket whose guest goes on asking for a minute\'s worth of requests after the limit', async t => {
  const { open } = limited
  const guest = await open({ deploymentId: anonymousDeploymentId })
  for (let sent = 0; sent < 200; sent++) guest.send('nothing')
  t.equal(await guest.closed, 1008)
  t.equal(guest.takeUnread().filter(({ code }) => code === 429).length, 60)
})

t.test('refuses a tracing id that is longer than any client makes it, and does not repeat it', async t => {
  const guest = await signedInGuest()
  for (const length of [256, 257]) {
    guest.sendRaw(JSON.stringify({ action: 'getJwt', token: guest.token, tracingId: 'x'.repeat(length) }))
  }
  t.match(await guest.next(() => true), { class: 'JwtResponse', code: 200, tracingId: 'x'.repeat(256) })
  t.strictSame(await guest.next(() => true), { type: 'response', class: 'string', code: 400, body: 'Request failed. tracingId: must have at most 256 characters' })
})

t.test('cuts off a guest who reads nothing, before much waits for them', async t => {
  const guest = await signedInGuest()
  const [ours] = [...app.websocketServer.clients].slice(-1)
  let most = 0
  ours!.on('message', () => { most = Math.max(most, ours!.bufferedAmount) })
  guest.stopReading()
  const big = { message: { type: 'Text', text: 'x'.repeat(4096) } }
  await until('it is cut off', async () => {
    for (let sent = 0; sent < 100 && ours!.readyState === ours!.OPEN; sent++) guest.send('echo', big)
    return ours!.readyState === ours!.CLOSED
  })
  t.ok(most < 2 * 1024 * 1024, `${most} bytes`)
})

t.test('cuts off who does not answer what they are asked twice a minute, also where they say something unasked', async t => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const { app, url } = await startGenesys(t)
  const address = `${url.replace('http', 'ws')}/v1?deploymentId=${anonymousDeploymentId}`
  const open = async (options: { autoPong: boolean }) => {
    const socket = new WebSocket(address, { ...options, headers: { origin: 'http://app.localhost:3000' } })
    t.teardown(() => socket.terminate())
    await once(socket, 'open')
    return socket
  }
  const [present, silent, talkative] = [await open({ autoPong: true }), await open({ autoPong: false }), await open({ autoPong: false })]
  const asked = Promise.all([present, silent, talkative].map(socket => once(socket, 'ping')))
  const answered = Promise.all([...app.websocketServer.clients].filter((_, index) => index !== 1).map(socket => once(socket, 'pong')))
  mock.timers.tick(30_000)
  await asked
  talkative.pong('here I am')
  await answered
  mock.timers.tick(30_000)
  await Promise.all([silent, talkative].map(socket => socket.readyState === socket.CLOSED || once(socket, 'close')))
  t.equal(present.readyState, present.OPEN)
})

t.test('reads no more of a guest than it can work on, and answers everything in its order', async t => {
  const guest = await signedInGuest()
  const [ours] = [...app.websocketServer.clients].slice(-1)
  let stopped = false
  ours!.on('message', () => { stopped ||= ours!.isPaused })
  const asked = Array.from({ length: 30 }, () => guest.send('onMessage', { message: { type: 'Text', text: 'x'.repeat(100_000) } }))
  for (const tracingId of asked) t.match(await guest.next(() => true), { code: 4011, tracingId })
  t.ok(stopped)
  t.match(await guest.say('still here'), { code: 200 })
})

t.test('has no room for what anonymous guests say without end, and has for those who have signed in', async t => {
  const { store, open, signedInGuest } = await startGenesys(t, { maxStateBytes: 2 * 1024 * 1024 })
  const [guest, next] = [await open({ deploymentId: stepUpDeploymentId }), await open({ deploymentId: stepUpDeploymentId })]
  await guest.request('configureSession')
  const long = { message: { type: 'Text', text: 'x'.repeat(4096) } }
  let refusal: GuestFrame | undefined
  for (let said = 0; said < 500 && refusal === undefined; said++) {
    const answer = await guest.request('onMessage', long)
    if (answer.code !== 200) refusal = answer
  }
  t.match(refusal, { class: 'string', code: 400, body: 'Request failed. There is no room for more at the moment.' })
  t.ok(store.size < 1.2 * 1024 * 1024, `${store.size} bytes`)
  t.match(await next.request('configureSession'), { code: 400, body: /no room/ })
  t.match(await (await signedInGuest()).request('onMessage', long), { code: 200 })
  await guest.request('onMessage', { message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Clear' } }] } })
  await until('there is room again', async () => (await next.request('configureSession')).code === 200)
})

t.test('a Genesys JWT ends when the clock says so', async t => {
  t.teardown(() => setClock(0))
  const { jwt } = await tokens.issue({ deploymentId, identity: ada })
  const configure = async () =>
    (await (await open()).request('configureAuthenticatedSession', { deploymentId, data: { code: jwt } })).code
  await setClock(14 * minute)
  t.equal(await configure(), 200)
  await setClock(16 * minute)
  t.equal(await configure(), 401)
  await setClock(0)
  t.equal(await configure(), 200, 'and is good again for a clock that was put back')
})

t.test('a guest who is there is told that the session has expired', async t => {
  t.teardown(() => setClock(0))
  const guest = await signedInGuest()
  await setClock(3 * day + 1)
  t.match(await guest.next(isExpired), { code: 200 })
})

t.test('a guest who wrote too much while the clock was ahead waits no longer once it is back', async t => {
  t.teardown(() => setClock(0))
  const guest = await limited.anonymousGuest()
  const check = () => guest.request('echo', ping)
  await setClock(day)
  for (let time = 0; time < 2; time++) t.equal((await check()).code, 200)
  await setClock(0)
  const { code, body } = await check()
  t.equal(code, 429)
  t.ok((body as { retryAfter: number }).retryAfter <= 60, JSON.stringify(body))
})

t.test('an upload that is under way is no leftover because the clock was moved', async t => {
  t.teardown(() => setClock(0))
  const files = new AttachmentFiles(temporaryFolder(t))
  await writeFile(join(files.folder, 'under-way.part'), 'the first half')
  await setClock(day)
  await files.sweep(async () => false)
  t.strictSame(await readdir(files.folder), ['under-way.part'])
})

t.test('takes a key that the provider has had since the clock was put back', async t => {
  t.teardown(() => setClock(0))
  const provider = await startBareProvider(t)
  const { app } = await buildApp(t, { issuer: provider.issuer, lab: true })
  const exchange = async () => (await app.inject({
    method: 'POST',
    url: '/api/v2/webdeployments/token/oauthcodegrantjwtexchange',
    payload: { deploymentId: implicitDeploymentId, oauth: { idToken: await provider.idToken(), nonce: 'n' } }
  })).statusCode

  await setClock(day, app)
  t.equal(await exchange(), 200)
  await setClock(0, app)
  await provider.rotateKey()
  t.equal(await exchange(), 200)
})
