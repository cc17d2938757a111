import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { openStore } from '#lib/store.ts'
import type { GenesysConfig } from '../../services/genesys/config.ts'
import { createHappenings } from '../../services/genesys/conversations/happenings.ts'
import { openSessions } from '../../services/genesys/conversations/sessions.ts'
import type { StructuredMessage } from '../../services/genesys/conversations/structured-message.ts'
import { Desk } from '../helpers/desk.ts'
import { until } from '../helpers/until.ts'
import { startWithUploads } from './attachment-helper.ts'
import { ada, anonymousDeploymentId, configWith, deploymentId, grace, startGenesys, temporaryFolder } from './helper.ts'

const headers = { origin: 'http://app.localhost:3000' }

/** The desk, and guests whom no script answers. */
async function start (t: Test, overrides: Partial<GenesysConfig> = {}) {
  const folder = temporaryFolder(t)
  const genesys = await startGenesys(t, { lab: true, agent: 'desk', ...overrides }, folder)
  return { ...genesys, folder, desk: new Desk(genesys.url, 'genesys.localhost:3002') }
}

/** What an upgrade is answered with. */
function upgradeStatus (url: string): Promise<number | undefined> {
  const socket = new WebSocket(url, { headers })
  return new Promise((resolve, reject) => {
    socket.once('upgrade', ({ statusCode }) => {
      socket.terminate()
      resolve(statusCode)
    })
    socket.once('unexpected-response', (request, { statusCode }) => {
      request.destroy()
      resolve(statusCode)
    })
    socket.once('error', reject)
  })
}

t.test('opens a WebSocket nowhere but where guests talk, and logs nothing that such a request carries', async t => {
  const lines: string[] = []
  const log = { level: 'trace', format: 'json' as const, destination: { write: (line: string) => { lines.push(line) } } }
  const { url } = await start(t, { log })
  for (const path of ['/livez', '/nowhere', '/desk', '/lab/exchanges', '/v1/', `/attachments/${randomUUID()}`]) {
    t.equal(await upgradeStatus(`${url.replace('http', 'ws')}${path}?token=a-secret`), 404, path)
  }
  t.match(lines.join(''), /GET \/nowhere\?token=… 404/, 'the log tells what happened')
  t.notMatch(lines.join(''), /a-secret/)
})

t.test('refuses a page number beyond what the store can count', async t => {
  const { app, desk, anonymousGuest } = await start(t)
  const { jwt } = (await (await anonymousGuest()).request('getJwt')).body as { jwt: string }
  for (const pageNumber of ['1000001', '9007199254740993', '99999999999999999999', '1e300']) {
    const query = `?pageNumber=${pageNumber}`
    const history = await app.inject({ url: `/api/v2/webmessaging/messages${query}`, headers: { authorization: `bearer ${jwt}` } })
    t.equal(history.statusCode, 400, `history, ${pageNumber}`)
    t.match(await desk.ask('GET', `/desk/conversations${query}`), { status: 400 }, `desk, ${pageNumber}`)
  }
  t.match(await desk.ask('GET', '/desk/conversations?pageNumber=1000000'), { status: 200, body: { entities: [] } })
})

t.test('tells who comes to the guest WebSocket by plain HTTP which protocol to use', async t => {
  const { app } = await start(t)
  const response = await app.inject({ url: `/v1?deploymentId=${deploymentId}`, headers })
  t.match(response, { statusCode: 426, headers: { upgrade: 'websocket' } })
})

t.test('counts binary frames too, though it understands none', async t => {
  const { open } = await start(t, { rateLimits: true })
  const guest = await open({ deploymentId: anonymousDeploymentId })
  for (let sent = 0; sent < 61; sent++) guest.sendRaw(Buffer.from('x'))
  t.match(await guest.next(({ code }) => code === 429), { class: 'TooManyRequestsErrorMessage' })
  const refused = guest.takeUnread()
  t.equal(refused.length, 60)
  t.ok(refused.every(frame => frame.class === 'string' && frame.code === 400 && /binary/.test(String(frame.body))))
})

t.test('lets go of a guest who has gone without a word, and of nobody else', async t => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const { app, url, anonymousGuest } = await start(t)
  const guest = await anonymousGuest()
  const [alive] = app.websocketServer.clients
  const gone = new WebSocket(`${url.replace('http', 'ws')}/v1?deploymentId=${anonymousDeploymentId}`, { headers, autoPong: false })
  t.teardown(() => gone.terminate())
  await once(gone, 'open')
  for (let times = 0; times < 3; times++) {
    const heard = Promise.race([once(alive!, 'pong'), guest.closed])
    mock.timers.tick(30_000)
    await heard
  }
  await until('the silent one is gone', () => gone.readyState === WebSocket.CLOSED)
  t.notOk(guest.isClosed)
  t.match(await guest.say('still here'), { code: 200 })
})

t.test('a resume token that was refused leaves the token that came with it free', async t => {
  const { open, signedInGuest, tokens } = await start(t)
  const { resumeToken } = (await (await signedInGuest(ada)).request('resumeToken')).body as { resumeToken: string }
  const { jwt } = await tokens.issue({ deploymentId, identity: grace })
  const stranger = await open()
  const configure = (fields: object = {}) => stranger.request('configureAuthenticatedSession', { data: { code: jwt }, ...fields })
  t.match(await configure({ resumeToken }), { code: 403 })
  t.match(await configure(), { class: 'SessionResponse', body: { newSession: true } })
})

t.test('a conversation begun anew in one tab is the one of the other tabs as well, also for the desk', async t => {
  const { desk, anonymousGuest } = await start(t)
  const tab = await anonymousGuest()
  const other = await anonymousGuest({ token: tab.token })
  const [before] = (await desk.list()).entities
  await other.request('configureSession', { startNew: true })
  const [now, ...rest] = (await desk.list()).entities
  t.not(now!.conversationId, before!.conversationId)
  t.match(now, { connections: 2 })
  t.strictSame(rest, [])

  const events = await desk.watch()
  t.teardown(() => events.close())
  await tab.close()
  const { data } = await events.next(({ event }) => event === 'presence')
  t.strictSame(data, { conversationId: now!.conversationId, connections: 1 })
})

t.test('the desk shows who is there, however many newer conversations have expired', async t => {
  const { desk, folder, signedInGuest } = await start(t)
  await (await signedInGuest(ada)).say('I wait')
  await (await signedInGuest(grace)).say('So do I')
  const { stateFolder, deployments } = configWith(folder)
  const store = openStore(join(stateFolder, 'genesys.sqlite'))
  t.teardown(() => store.close())
  const sessions = openSessions(store, createHappenings())
  const shortLived = { ...deployments[0]!, sessionDurationSeconds: 0 }
  await Promise.all(Array.from({ length: 130 }, () => sessions.start(randomUUID(), shortLived)))

  t.match(await desk.list(), { entities: [{ lastMessage: { text: 'So do I' } }, { lastMessage: { text: 'I wait' } }], more: false })
  t.match(await desk.list('?pageSize=1'), { entities: [{ lastMessage: { text: 'So do I' } }], more: true })
  t.match(await desk.list('?pageSize=1&pageNumber=2'), { entities: [{ lastMessage: { text: 'I wait' } }], more: false })
})

t.test('what the page says about its guest reaches the desk with the message', async t => {
  const { desk, signedInGuest } = await start(t)
  const guest = await signedInGuest()
  const customAttributes = { plan: 'gold', basket: { items: 3 } }
  const channel = { metadata: { customAttributes } }
  await guest.request('onMessage', { message: { type: 'Text', text: 'in the message', channel } })
  await guest.request('onMessage', { message: { type: 'Text', text: 'beside it' }, channel })
  await guest.say('without')
  const { conversationId } = await desk.find('without')
  const { body } = await desk.ask<{ messages: { entities: StructuredMessage[] } }>('GET', `/desk/conversations/${conversationId}`)
  const shown = body.messages.entities.map(message => ('text' in message && [message.text, message.channel.metadata]))
  t.strictSame(shown, [['without', undefined], ['beside it', { customAttributes }], ['in the message', { customAttributes }]])
})

t.test('takes no more than a few small metadata of a message', async t => {
  const { signedInGuest } = await start(t)
  const guest = await signedInGuest()
  const entries = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`key-${n}`, 'x']))
  const say = (metadata: object) => guest.request('onMessage', { message: { type: 'Text', text: 'hello', metadata } })
  const echo = (metadata: object) => guest.request('echo', { message: { type: 'Text', text: 'ping', metadata } })
  for (const send of [say, echo]) {
    for (const metadata of [entries(20), { key: 'x'.repeat(1000) }, { ['k'.repeat(100)]: 'x' }]) {
      t.match(await send(metadata), { class: 'StructuredMessage', code: 200 })
    }
    for (const metadata of [entries(21), { key: 'x'.repeat(1001) }, { ['k'.repeat(101)]: 'x' }]) {
      t.match(await send(metadata), { class: 'string', code: 400 })
    }
  }
})

t.test('a download URL does not tell what the guest calls the file, but whoever follows it is told', async t => {
  const { guest, upload, send, local } = await startWithUploads(t)
  const writer = await guest()
  const { attachmentId, downloadUrl } = await upload(writer)
  const sent = await send(writer, [attachmentId])
  const { content } = sent.body as { content: [{ attachment: { url: string } }] }
  const again = (await writer.request('getAttachment', { attachmentId })).body as { url: string }
  for (const url of [downloadUrl, content[0].attachment.url, again.url]) {
    t.equal(new URL(url).pathname, `/attachments/${attachmentId}`)
    const response = await fetch(local(url))
    t.equal(response.status, 200)
    t.match(response.headers.get('content-disposition'), /filename="?pixel\.png/)
  }
})
