import { randomUUID } from 'node:crypto'
import t from 'tap'
import type { Guest, GuestFrame } from '../helpers/guest.ts'
import { ada, anonymousDeploymentId, deploymentId, startGenesys } from './helper.ts'

const textMessage = (text: string, more: object = {}) => ({ message: { type: 'Text', text, ...more } })
const event = (event: object) => ({ message: { type: 'Event', events: [event] } })
const presence = (type: string) => event({ eventType: 'Presence', presence: { type } })
const choice = (buttonResponse: object) => ({
  message: { type: 'Structured', text: 'chosen', content: [{ contentType: 'ButtonResponse', buttonResponse }] }
})
const customAttributes = (bytes: number) => ({ metadata: { customAttributes: { a: 'x'.repeat(bytes - '{"a":""}'.length) } } })

t.test('answers each request with its class', async t => {
  const { anonymousGuest } = await startGenesys(t)
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
  const { open, signedInGuest, tokens } = await startGenesys(t)
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
  const { anonymousGuest, open } = await startGenesys(t)
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
  const { anonymousGuest } = await startGenesys(t)
  const guest = await anonymousGuest()
  const typing = await guest.request('onMessage', event({ eventType: 'Typing', typing: { type: 'On', duration: 1, more: [1] }, more: 1 }))
  t.same((typing.body as { events: object[] }).events, [{ eventType: 'Typing', typing: { type: 'On', duration: 1 } }])
  const chosen = await guest.request('onMessage', choice({ text: 'a', payload: 'a', type: 'Button', more: [1] }))
  t.same((chosen.body as { content: object[] }).content, [{ contentType: 'ButtonResponse', buttonResponse: { text: 'a', payload: 'a', type: 'Button' } }])
})

t.test('answers frames that are no requests', async t => {
  const { anonymousGuest } = await startGenesys(t)
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
  const { anonymousGuest } = await startGenesys(t)
  const guest = await anonymousGuest()
  guest.sendRaw('x'.repeat(128 * 1024 + 1))
  t.not(await guest.closed, 1000)
})

t.test('answers in the order of the requests, each message at a time of its own', async t => {
  const { signedInGuest } = await startGenesys(t)
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
  const { anonymousGuest, signedInGuest } = await startGenesys(t)
  const claim = textMessage('a', { metadata: { authenticated: 'true', readOnly: 'true', id: '1' } })
  const { metadata: anonymous } = (await (await anonymousGuest()).request('onMessage', claim)).body as { metadata: object }
  t.same(anonymous, { id: '1' })
  const signedIn = (await (await signedInGuest(ada)).request('onMessage', claim)).body
  t.match(signedIn, { metadata: { id: '1', authenticated: 'true' }, channel: { from: { firstName: 'Ada', lastName: 'Lovelace' } } })
})
