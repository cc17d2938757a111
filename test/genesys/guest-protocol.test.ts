// The guest WebSocket frame by frame, who may open it, and the history that goes with it.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mock } from 'node:test'
import t from 'tap'
import WebSocket from 'ws'
import { connect, type Guest, type GuestFrame } from '../helpers/guest.ts'
import { until } from '../helpers/until.ts'
import { ada, anonymousDeploymentId, configWith, deploymentId, startGenesys } from './helper.ts'

const lines: string[] = []
const log = { level: 'trace', format: 'json' as const, destination: { write: (line: string) => { lines.push(line) } } }
const inactiveDeploymentId = randomUUID()
const { deployments } = configWith('')
const { app, url, open, tokens, anonymousGuest, signedInGuest } = await startGenesys(t, {
  lab: true, log, deployments: [...deployments, { ...deployments[0]!, id: inactiveDeploymentId, status: 'Inactive' }]
})
/** Where nobody says anything but the guests. */
const silent = await startGenesys(t, { lab: true, agent: 'desk' })

const textMessage = (text: string, more: object = {}) => ({ message: { type: 'Text', text, ...more } })
const event = (event: object) => ({ message: { type: 'Event', events: [event] } })
const presence = (type: string) => event({ eventType: 'Presence', presence: { type } })
const choice = (buttonResponse: object) => ({
  message: { type: 'Structured', text: 'chosen', content: [{ contentType: 'ButtonResponse', buttonResponse }] }
})
const customAttributes = (bytes: number) => ({ metadata: { customAttributes: { a: 'x'.repeat(bytes - '{"a":""}'.length) } } })

t.test('answers each request with its class', async t => {
  const guest = await anonymousGuest()
  const cases: [string, string, object, object][] = [
    ['configureSession of a session that is there', 'configureSession', { deploymentId: anonymousDeploymentId }, {
      type: 'response',
      class: 'SessionResponse',
      body: {
        connected: true,
        newSession: false,
        readOnly: false,
        clearedExistingSession: false,
        allowedMedia: {},
        blockedExtensions: Array,
        maxCustomDataBytes: 2048,
        durationSeconds: 259_200,
        expirationDate: Number
      }
    }],
    ['a text', 'onMessage', textMessage('Bonjour', { metadata: { id: 'mine' } }), {
      type: 'message',
      class: 'StructuredMessage',
      body: { type: 'Text', text: 'Bonjour', direction: 'Inbound', id: /./, channel: { time: /Z$/, messageId: /./, type: 'Private' }, metadata: { id: 'mine' } }
    }],
    ['a text of 4096 bytes', 'onMessage', textMessage('é'.repeat(2048)), { type: 'message', class: 'StructuredMessage' }],
    ['custom attributes of 2048 bytes', 'onMessage', textMessage('a', { channel: customAttributes(2048) }), { class: 'StructuredMessage' }],
    ['typing', 'onMessage', event({ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }), {
      type: 'message', class: 'StructuredMessage', body: { type: 'Event', direction: 'Inbound', events: [{ eventType: 'Typing', typing: { type: 'On' } }] }
    }],
    ['a join', 'onMessage', presence('Join'), {
      type: 'message', class: 'StructuredMessage', body: { type: 'Event', direction: 'Inbound', events: [{ eventType: 'Presence', presence: { type: 'Join' } }] }
    }],
    ['a quick reply', 'onMessage', choice({ text: 'Yes', payload: 'yes', type: 'QuickReply' }), {
      type: 'message',
      class: 'StructuredMessage',
      body: {
        type: 'Structured',
        text: 'chosen',
        direction: 'Inbound',
        content: [{ contentType: 'ButtonResponse', buttonResponse: { text: 'Yes', payload: 'yes', type: 'QuickReply' } }]
      }
    }],
    ['a button of a card', 'onMessage', choice({ text: 'Book', payload: 'book', type: 'Button', originatingMessageId: 'id' }), {
      class: 'StructuredMessage', body: { content: [{ buttonResponse: { originatingMessageId: 'id' } }] }
    }],
    ['a time', 'onMessage', choice({ text: 'Monday', payload: '2026-11-23T09:00:00.000Z', type: 'DatePicker' }), { class: 'StructuredMessage' }],
    ['an echo', 'echo', textMessage('ping', { metadata: { customMessageId: 'x' } }), {
      type: 'response',
      class: 'StructuredMessage',
      body: {
        type: 'Text',
        text: 'ping',
        direction: 'Inbound',
        metadata: { customMessageId: 'x', durationSeconds: '259200', expirationDate: /^\d{10}$/ }
      }
    }],
    ['getConfiguration', 'getConfiguration', { deploymentId: anonymousDeploymentId }, {
      type: 'response',
      class: 'GetConfigurationResponse',
      body: { allowedMedia: {}, blockedExtensions: Array, maxCustomDataBytes: 2048, messageRoutingEnabled: true, sessionDurationSeconds: 259_200 }
    }],
    ['resumeToken', 'resumeToken', {}, { type: 'response', class: 'ResumeTokenResponse', body: { resumeToken: /^ey/, exp: Number } }],
    ['getJwt', 'getJwt', {}, { type: 'response', class: 'JwtResponse', body: { jwt: /^ey/, exp: Number } }],
    ['closeSession', 'closeSession', { closeAllConnections: true }, {
      type: 'response', class: 'SessionResponse', body: { connected: false, readOnly: true }
    }]
  ]
  for (const [label, action, fields, expected] of cases) {
    t.match(await guest.request(action, fields), { code: 200, ...expected }, label)
  }
})

t.test('says which files a deployment takes, and says nothing where it takes none', async t => {
  const anonymous = await open({ deploymentId: anonymousDeploymentId })
  const { body } = await anonymous.request('configureSession')
  t.same((body as { allowedMedia: object }).allowedMedia, {})

  const guest = await signedInGuest()
  const { jwt } = await tokens.issue({ deploymentId, identity: ada })
  for (const [action, fields] of [['configureAuthenticatedSession', { data: { code: jwt } }], ['getConfiguration', { deploymentId }]] as const) {
    t.match((await guest.request(action, fields)).body, {
      allowedMedia: { inbound: { fileTypes: [{ type: 'image/png' }], maxFileSizeKB: 10_240 } },
      blockedExtensions: Object.assign([], { 0: /^\./ })
    }, action)
  }
})

t.test('answers what it cannot do with an error, and the socket stays', async t => {
  const guest = await anonymousGuest()
  const stranger = await open()
  const button = choice({ text: 'a', payload: 'a', type: 'Button' }).message.content
  const cases: [string, Guest, string, object, number, RegExp?][] = [
    ['an unknown action', guest, 'dance', {}, 400],
    ['an action of every object', guest, 'constructor', {}, 400],
    ['an action that is not documented', guest, 'disconnectCustomer', {}, 4000],
    ['a file where none are taken', guest, 'onAttachment', { fileName: 'a.png', fileType: 'image/png', fileSize: 1 }, 4000],
    ['a file without a name', guest, 'onAttachment', { fileType: 'image/png', fileSize: 1 }, 4020, /fileName/],
    ['a configuration of no deployment', guest, 'getConfiguration', {}, 4020, /deploymentId/],
    ['a configuration of another deployment', guest, 'getConfiguration', { deploymentId }, 400],
    ['a resume token that nobody gave out', await open({ deploymentId: anonymousDeploymentId }), 'configureSession', { resumeToken: 'x.y.z' }, 4007],
    ['a missing token', guest, 'getJwt', { token: undefined }, 4020, /token/],
    ['a token that is easy to guess', guest, 'getJwt', { token: '1' }, 400, /token/],
    ['another session\'s token', guest, 'getJwt', { token: randomUUID() }, 4007],
    ['a missing message', guest, 'onMessage', {}, 4020, /message/],
    ['a missing text', guest, 'onMessage', { message: { type: 'Text' } }, 4020, /text/],
    ['missing events', guest, 'onMessage', { message: { type: 'Event' } }, 4020, /events/],
    ['a text that is none', guest, 'onMessage', { message: { type: 'Text', text: 1 } }, 400, /message\.text/],
    ['an empty text', guest, 'onMessage', textMessage(' \n'), 400],
    ['a structured message without content', guest, 'onMessage', { message: { type: 'Structured', text: 'a' } }, 4020, /content/],
    ['a choice of no known type', guest, 'onMessage', choice({ text: 'a', payload: 'a', type: 'Dice' }), 400, /content/],
    ['two choices at once', guest, 'onMessage', { message: { type: 'Structured', text: 'a', content: [...button, ...button] } }, 4000],
    ['a choice in a text', guest, 'onMessage', textMessage('a', { content: button }), 400],
    ['a message of an unknown type', guest, 'onMessage', { message: { type: 'Song', text: 'a' } }, 4000],
    ['a file that is not there', guest, 'onMessage', textMessage('a', { content: [{ contentType: 'Attachment', attachment: { id: randomUUID() } }] }), 4009],
    ['a presence that is not the guest\'s', guest, 'onMessage', presence('SignIn'), 400],
    ['a presence that there is not', guest, 'onMessage', presence('Doze'), 400],
    ['a presence of sign-in by a bot', guest, 'onMessage', presence('AuthenticateCancel'), 4000],
    ['a text over 4096 bytes', guest, 'onMessage', textMessage(`a${'é'.repeat(2048)}`), 4011],
    ['an echo over 4096 bytes', guest, 'echo', textMessage('a'.repeat(4097)), 4011],
    ['custom attributes over 2048 bytes', guest, 'onMessage', textMessage('a', { channel: customAttributes(2049) }), 4013, /^Custom Attributes in channel metadata is larger than 2048 bytes$/],
    ['the same beside the message', guest, 'onMessage', { ...textMessage('a'), channel: customAttributes(2049) }, 4013],
    ['clearing where it is switched off', guest, 'onMessage', presence('Clear'), 403, /Conversation Clear/],
    ['a missing closeAllConnections', guest, 'closeSession', {}, 4020, /closeAllConnections/],
    ['another deployment than the socket\'s', guest, 'configureSession', { deploymentId }, 400],
    ['a JWT where there is no sign-in', guest, 'configureAuthenticatedSession', { data: { code: 'x' } }, 401],
    ['a message before configure', stranger, 'onMessage', textMessage('a'), 4007],
    ['an echo before configure', stranger, 'echo', textMessage('ping'), 4007],
    ['no JWT', stranger, 'configureAuthenticatedSession', { deploymentId }, 401, /^User is unauthorized$/],
    ['an invalid JWT', stranger, 'configureAuthenticatedSession', { deploymentId, data: { code: 'x.y.z' } }, 401, /^User is unauthorized$/],
    ['an anonymous session where guests sign in', stranger, 'configureSession', { deploymentId }, 401]
  ]
  for (const [label, who, action, fields, code, text = /./] of cases) {
    t.match(await who.request(action, fields), { type: 'response', class: 'string', code, body: text }, label)
  }
  t.match(await guest.say('still here'), { code: 200 })
})

t.test('passes on nothing that it does not know', async t => {
  const guest = await anonymousGuest()
  const typing = await guest.request('onMessage', event({ eventType: 'Typing', typing: { type: 'On', duration: 1, more: [1] }, more: 1 }))
  t.same((typing.body as { events: object[] }).events, [{ eventType: 'Typing', typing: { type: 'On', duration: 1 } }])
  const chosen = await guest.request('onMessage', choice({ text: 'a', payload: 'a', type: 'Button', more: [1] }))
  t.same((chosen.body as { content: object[] }).content, [{ contentType: 'ButtonResponse', buttonResponse: { text: 'a', payload: 'a', type: 'Button' } }])
})

t.test('answers frames that are no requests', async t => {
  const guest = await anonymousGuest()
  const cases: [string, string | Buffer, number][] = [
    ['not JSON', '{', 400],
    ['null', 'null', 400],
    ['a string', '"configureSession"', 400],
    ['no action', '{}', 4020],
    ['an action that is no string', '{"action":["echo"]}', 4020],
    ['binary', Buffer.from([1, 2, 3]), 400]
  ]
  for (const [label, data, code] of cases) {
    guest.sendRaw(data)
    const frame = await guest.next(() => true)
    t.match(frame, { type: 'response', class: 'string', code, body: /./ }, label)
    t.notOk('tracingId' in frame, `${label}: no tracing id, as there was none`)
  }
  t.match(await guest.say('still here'), { code: 200 })
})

t.test('closes a socket for a frame over the limit, as the real gateway does', async t => {
  const guest = await anonymousGuest()
  guest.sendRaw('x'.repeat(128 * 1024 + 1))
  t.not(await guest.closed, 1000)
})

t.test('answers in the order of the requests, each message at a time of its own', async t => {
  const guest = await signedInGuest()
  const sent = Array.from({ length: 20 }, (_, index) => `message ${index}`)
  for (const text of sent) guest.send('onMessage', textMessage(text))
  const echoes: GuestFrame[] = []
  while (echoes.length < sent.length) {
    echoes.push(await guest.next(({ body }) => (body as { direction?: string }).direction === 'Inbound'))
  }
  const bodies = echoes.map(({ body }) => body as { text: string, channel: { time: string } })
  t.same(bodies.map(({ text }) => text), sent)
  const times = bodies.map(({ channel }) => channel.time)
  t.same(times, [...new Set(times)].sort(), 'strictly later each')
})

t.test('does not let a guest mark messages as authenticated', async t => {
  const claim = textMessage('a', { metadata: { authenticated: 'true', readOnly: 'true', id: '1' } })
  const { metadata: anonymous } = (await (await anonymousGuest()).request('onMessage', claim)).body as { metadata: object }
  t.same(anonymous, { id: '1' })
  const signedIn = (await (await signedInGuest(ada)).request('onMessage', claim)).body
  t.match(signedIn, { metadata: { id: '1', authenticated: 'true' }, channel: { from: { firstName: 'Ada', lastName: 'Lovelace' } } })
})

t.test('calls a guest by the name that their claims have, whichever part of it comes first', async t => {
  const yuki = await signedInGuest({ ...ada, sub: 'yuki', name: '山田 雪', given_name: '雪', family_name: '山田' })
  t.match((await yuki.say('a')).body, { channel: { from: { nickname: '山田 雪', firstName: '雪', lastName: '山田' } } })
})

interface Page { entities: { text: string, direction: string, events?: object }[], pageNumber: number, pageSize: number, total: number, pageCount: number }

async function historyOf (url: string, guest: Guest, query = '') {
  const { jwt } = (await guest.request('getJwt')).body as { jwt: string }
  const response = await fetch(`${url}/api/v2/webmessaging/messages${query}`, { headers: { authorization: `Bearer ${jwt}` } })
  return { status: response.status, page: await response.json() as Page }
}

t.test('gives the history newest first, a page at a time', async t => {
  const { url, signedInGuest } = silent
  const guest = await signedInGuest()
  for (let number = 1; number <= 5; number++) await guest.say(`message ${number}`)

  const pages = await Promise.all([1, 2, 3, 4].map(number => historyOf(url, guest, `?pageNumber=${number}&pageSize=2`)))
  t.same(pages.map(({ page }) => page.entities.map(({ text }) => text)), [
    ['message 5', 'message 4'], ['message 3', 'message 2'], ['message 1'], []
  ])
  t.match(pages[1]?.page, { pageNumber: 2, pageSize: 2, total: 5, pageCount: 3 })
  t.match((await historyOf(url, guest)).page, { pageNumber: 1, pageSize: 25, total: 5, pageCount: 1 })
})

t.test('has both sides in the history, who came and left, and no typing', async t => {
  const guest = await signedInGuest()
  await guest.request('onMessage', { message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Join' } }] } })
  await guest.next(({ body }) => (body as { type?: string, direction?: string }).type === 'Text')
  await guest.say('hello')
  const { page } = await historyOf(url, guest)
  t.match(page.entities.filter(({ events }) => events), [{ direction: 'Inbound', events: [{ presence: { type: 'Join' } }] }])
  t.same(page.entities.filter(({ events }) => !events).map(({ direction }) => direction).slice(-2), ['Inbound', 'Outbound'])
})

t.test('shows a guest no conversation but their own', async t => {
  const { url, signedInGuest } = silent
  const guest = await signedInGuest()
  await guest.say('a secret')
  t.match((await historyOf(url, await signedInGuest())).page, { total: 0, entities: [] })
})

t.test('refuses the JWT of the sign-in, and a page that is too large', async t => {
  const { jwt } = await tokens.issue({ deploymentId, identity: ada })
  const response = await app.inject({ url: '/api/v2/webmessaging/messages', headers: { authorization: `bearer ${jwt}` } })
  t.equal(response.statusCode, 401)
  t.equal((await historyOf(url, await signedInGuest(), '?pageSize=101')).status, 400)
})

t.test('lets only pages of the deployment\'s domains open a socket', async t => {
  for (const origin of ['http://app.localhost:3000', 'https://app.localhost', 'app.localhost', 'http://shop.app.localhost']) {
    const guest = await connect(url, { deploymentId, origin })
    await guest.close()
    t.pass(origin)
  }
  for (const origin of ['http://evil.example', 'http://app.localhost.evil.example', 'null', null]) {
    await t.rejects(connect(url, { deploymentId, origin }), { name: 'UpgradeError', statusCode: 403 }, String(origin))
  }
})

t.test('opens a socket for an active deployment only', async t => {
  const cases: [string, { deploymentId?: string }][] = [
    ['inactive', { deploymentId: inactiveDeploymentId }],
    ['unknown', { deploymentId: '00000000-0000-4000-8000-000000000000' }],
    ['none', {}]
  ]
  for (const [label, options] of cases) {
    await t.rejects(connect(url, options), { name: 'UpgradeError', statusCode: 403, message: /"code":"forbidden"/ }, label)
  }
  const id = anonymousDeploymentId.toUpperCase()
  const guest = await connect(url, { deploymentId: id })
  t.match(await guest.request('configureSession', { deploymentId: id }), { code: 200 }, 'in whichever case its id is written')
  t.match(await guest.request('getConfiguration', { deploymentId: id }), { code: 200 })
  await guest.close()
})

t.test('closes its sockets when it closes', async t => {
  const { app, anonymousGuest } = await startGenesys(t)
  const guest = await anonymousGuest()
  await app.close()
  t.equal(await guest.closed, 1001)
})

const headers = { origin: 'http://app.localhost:3000' }

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
  for (const path of ['/livez', '/nowhere', '/desk', '/lab/exchanges', '/v1/', `/attachments/${randomUUID()}`]) {
    t.equal(await upgradeStatus(`${url.replace('http', 'ws')}${path}?token=a-secret`), 404, path)
  }
  t.match(lines.join(''), /GET \/nowhere\?token=… 404/, 'the log tells what happened')
  t.notMatch(lines.join(''), /a-secret/)
})

t.test('refuses a page number beyond what the store can count', async t => {
  const { jwt } = (await (await anonymousGuest()).request('getJwt')).body as { jwt: string }
  for (const pageNumber of ['1000001', '9007199254740993', '99999999999999999999', '1e300', '9'.repeat(400)]) {
    const query = `?pageNumber=${pageNumber}`
    const history = await app.inject({ url: `/api/v2/webmessaging/messages${query}`, headers: { authorization: `bearer ${jwt}` } })
    t.equal(history.statusCode, 400, `history, ${pageNumber}`)
    const desk = await app.inject({ url: `/desk/conversations${query}`, headers: { host: 'genesys.localhost:3002' } })
    t.equal(desk.statusCode, 400, `desk, ${pageNumber}`)
  }
  const last = await app.inject({ url: '/desk/conversations?pageNumber=1000000', headers: { host: 'genesys.localhost:3002' } })
  t.same(last.json().entities, [])
})

t.test('tells who comes to the guest WebSocket by plain HTTP which protocol to use', async t => {
  const response = await app.inject({ url: `/v1?deploymentId=${deploymentId}`, headers })
  t.match(response, { statusCode: 426, headers: { upgrade: 'websocket' } })
})

t.test('lets go of a guest who has gone without a word, and of nobody else', async t => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const { app, url, anonymousGuest } = await startGenesys(t)
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

t.test('takes no more than a few small metadata of a message', async t => {
  const guest = await signedInGuest()
  const entries = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`key-${n}`, 'x']))
  const say = (metadata: object) => guest.request('onMessage', { message: { type: 'Text', text: 'hello', metadata } })
  const echo = (metadata: object) => guest.request('echo', { message: { type: 'Text', text: 'ping', metadata } })
  for (const send of [say, echo]) {
    for (const metadata of [entries(20), { key: 'x'.repeat(1000) }, { ['k'.repeat(100)]: 'x' }]) {
      t.match(await send(metadata), { class: 'StructuredMessage', code: 200 })
    }
    const long = { a: 'x'.repeat(1000), b: 'x'.repeat(1000), c: 'x'.repeat(1000), d: '€'.repeat(400) }
    for (const metadata of [entries(21), { key: 'x'.repeat(1001) }, { ['k'.repeat(101)]: 'x' }, long]) {
      t.match(await send(metadata), { class: 'string', code: 400 })
    }
  }
})
