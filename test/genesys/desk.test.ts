import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { maxFileBytes } from '../../services/genesys/attachments/attachment-rules.ts'
import type { GenesysConfig } from '../../services/genesys/config.ts'
import type { StructuredMessage } from '../../services/genesys/conversations/structured-message.ts'
import { stopClock } from '../helpers/clock.ts'
import { Desk } from '../helpers/desk.ts'
import type { Guest, GuestFrame } from '../helpers/guest.ts'
import { until } from '../helpers/until.ts'
import { anonymousDeploymentId, configWith, deploymentId, grace, startGenesys, temporaryFolder } from './helper.ts'

const host = 'genesys.localhost:3002'
const body = (frame: GuestFrame) => frame.body as StructuredMessage
const text = (frame: GuestFrame) => (frame.body as { text?: string }).text
const saying = (expected: string | RegExp) => (frame: GuestFrame) =>
  typeof expected === 'string' ? text(frame) === expected : expected.test(text(frame) ?? '')
const presence = (type: string) => ({ message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type } }] } })
const fromScript = (frame: GuestFrame) => body(frame).originatingEntity === 'Bot' && body(frame).type !== 'Event'

async function start (t: Test, overrides: Partial<GenesysConfig> = {}) {
  const genesys = await startGenesys(t, { lab: true, ...overrides })
  return { ...genesys, desk: new Desk(genesys.url, host) }
}

/** A conversation in which the guest has just written, and been answered by the script. */
async function begun (desk: Desk, guest: Guest, words: string = randomUUID()) {
  await guest.say(words)
  await guest.next(fromScript)
  for (const conversation of (await desk.list('?pageSize=100')).entities) {
    const opened = await desk.ask<{ messages: { entities: StructuredMessage[] } }>('GET', `/desk/conversations/${conversation.conversationId}`)
    if (opened.body.messages.entities.some(message => message.type === 'Text' && message.text === words)) return conversation
  }
  throw new Error('the desk does not list the conversation')
}

/** Several requests in one piece, so that the service has them all before it has answered one. */
async function postAtOnce (url: string, path: string, bodies: object[]): Promise<number[]> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(bodies.map((body, index) => {
    const json = JSON.stringify(body)
    const close = index === bodies.length - 1 ? 'Connection: close\r\n' : ''
    return `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n${close}Content-Length: ${json.length}\r\n\r\n${json}`
  }).join(''))
  let answers = ''
  for await (const part of socket.setEncoding('utf8')) answers += part
  return [...answers.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
}

t.test('lists conversations, the newest first, with who the guest is and who says so', async t => {
  const { desk, signedInGuest, anonymousGuest } = await start(t)
  const hers = await signedInGuest()
  await begun(desk, hers)
  await begun(desk, await anonymousGuest())
  const { entities, more } = await desk.list()
  t.equal(more, false)
  t.match(entities, [
    { deploymentId: anonymousDeploymentId, guest: {}, verified: null, connections: 1, readOnly: false, agent: null, scripted: true },
    {
      deploymentId,
      guest: { name: 'Ada Lovelace', sub: 'ada', email: 'ada@example.com', email_verified: true },
      verified: { iss: 'http://idp.localhost:3001', since: '2026-01-01T00:00:00.000Z' },
      lastMessage: { text: /./, direction: 'Outbound' }
    }
  ])
  t.strictSame(entities[0]!.guest, {})
  t.strictSame(Object.keys(entities[0]!).sort(), [
    'agent', 'connections', 'conversationId', 'deploymentId', 'guest', 'lastActive', 'lastMessage', 'readOnly', 'scripted', 'startedAt', 'verified'
  ], 'and nothing that would let somebody into the session')
  t.notMatch(JSON.stringify(entities), hers.token, 'whoever has the token has the session')
  await hers.close()
  await until('the desk sees that the guest has gone', async () => (await desk.list()).entities[1]!.connections === 0)
})

t.test('pages the list, and the history of a conversation', async t => {
  const { desk, anonymousGuest } = await start(t, { agent: 'desk' })
  const guests = [await anonymousGuest(), await anonymousGuest(), await anonymousGuest()]
  const all = (await desk.list()).entities.map(({ conversationId }) => conversationId)
  const first = await desk.list('?pageSize=2')
  const second = await desk.list('?pageSize=2&pageNumber=2')
  t.strictSame([first, second].map(page => page.entities.map(({ conversationId }) => conversationId)), [all.slice(0, 2), all.slice(2)])
  t.strictSame([first.more, second.more], [true, false])

  for (const words of ['one', 'two', 'three']) await guests[0]!.say(words)
  const { conversationId } = await desk.find('three')
  const { body } = await desk.ask<{ messages: { entities: object[] } }>('GET', `/desk/conversations/${conversationId}?pageSize=2&pageNumber=2`)
  t.match(body, { conversationId, messages: { pageNumber: 2, pageCount: 2, total: 3, entities: [{ text: 'one', direction: 'Inbound' }] } })
  t.equal(body.messages.entities.length, 1)
})

t.test('a person takes a conversation: the script hands over once, then is silent, and comes back when it is given back', async t => {
  const { desk, signedInGuest } = await start(t)
  const guest = await signedInGuest()
  const other = await signedInGuest(grace)
  const { conversationId } = await begun(desk, guest)
  t.match(await desk.act(conversationId, 'take', { name: 'Kim' }), { status: 200, body: { agent: { name: 'Kim' }, scripted: false } })
  t.match(body(await guest.next(saying('I am handing you over to Kim.'))), { originatingEntity: 'Bot', channel: { from: { nickname: 'Robin' } } })
  t.match(await desk.act(conversationId, 'take', { name: 'Kim' }), { status: 200 }, 'again, in another window')

  await guest.say('When do you open?')
  t.match(await desk.act(conversationId, 'messages', { name: 'Kim', text: 'At nine.' }), { status: 200, body: { type: 'Text', text: 'At nine.' } })
  t.match(body(await guest.next(saying('At nine.'))), {
    type: 'Text', direction: 'Outbound', originatingEntity: 'Human', channel: { from: { nickname: 'Kim' } }
  })
  await other.say('When do you open?')
  await other.next(saying(/9:00/))
  t.strictSame(guest.unread.filter(fromScript).map(text), [], 'the script, which answers others, says nothing here')

  t.match(await desk.act(conversationId, 'release', { name: 'Kim' }), { status: 200, body: { agent: null, scripted: true } })
  t.match(body(await guest.next(saying(/I am back/))), { originatingEntity: 'Bot' })
  await guest.say('When do you open?')
  t.match(body(await guest.next(saying(/9:00/))), { originatingEntity: 'Bot' })
})

t.test('what the script was about to say is not said once a person has taken the conversation', async t => {
  const { desk, signedInGuest } = await start(t, { agentDelayMs: 400 })
  const guest = await signedInGuest()
  const other = await signedInGuest(grace)
  const later = stopClock(t, { timeouts: true })
  await guest.say('When do you open?')
  await guest.next(frame => body(frame).originatingEntity === 'Bot')
  const { conversationId } = await desk.find('When do you open?')
  await desk.act(conversationId, 'take', { name: 'Kim' })
  await guest.next(saying('I am handing you over to Kim.'))
  await desk.act(conversationId, 'release', { name: 'Kim' })
  await guest.next(saying(/I am back/))
  await other.say('When do you open?')
  await until('another guest is answered', () => {
    later(0.4)
    return other.unread.some(saying(/9:00/))
  })
  // What was sent to this one before is there then.
  await guest.request('echo', { message: { type: 'Text', text: 'ping' } })
  t.strictSame(guest.unread.filter(fromScript).map(text), [], 'nor when it is given back at once')
})

t.test('where only persons answer, the script does not even hand over', async t => {
  const { desk, signedInGuest } = await start(t, { agent: 'desk' })
  const guest = await signedInGuest()
  await guest.request('onMessage', presence('Join'))
  await guest.say('Is anybody there?')
  const conversation = await desk.find('Is anybody there?')
  t.equal(conversation.scripted, false)
  await desk.act(conversation.conversationId, 'take', { name: 'Kim' })
  await desk.act(conversation.conversationId, 'messages', { name: 'Kim', text: 'I am.' })
  await guest.next(saying('I am.'))
  t.strictSame(guest.unread.filter(frame => body(frame).direction === 'Outbound').map(text), [])
})

t.test('one person at a time: another is told who has it, and may take it over', async t => {
  const { desk, url, signedInGuest } = await start(t)
  const guest = await signedInGuest()
  const { conversationId } = await begun(desk, guest)
  const early = await desk.act(conversationId, 'messages', { name: 'Kim', text: 'hello' })
  t.match(early, { status: 409, body: { message: 'Take the conversation first.' } })
  const [winner, loser] = ['Kim', 'Noor']
  const statuses = await postAtOnce(url, `/desk/conversations/${conversationId}/take`, [{ name: winner }, { name: loser }])
  t.strictSame(statuses, [200, 409], 'of two at the same moment, one gets it')
  t.match(await desk.act(conversationId, 'take', { name: loser }), { status: 409, body: { status: 409, message: 'Kim has taken this conversation.' } })
  await guest.next(saying(`I am handing you over to ${winner}.`))

  t.match(await desk.act(conversationId, 'take', { name: loser, takeOver: true }), { status: 200, body: { agent: { name: loser } } })
  for (const [act, fields] of Object.entries({ messages: { text: 'still me' }, typing: { on: true }, release: {}, disconnect: {} })) {
    const answer = await desk.act(conversationId, act, { name: winner, ...fields })
    t.match(answer, { status: 409, body: { message: `${loser} has taken this conversation.` } }, act)
  }
  await desk.act(conversationId, 'messages', { name: loser, text: 'now me' })
  await guest.next(saying('now me'))
  t.strictSame(guest.unread.filter(fromScript).map(text), [], 'the script had handed over already')
})

t.test('quick replies reach the guest as buttons, and the choice comes back to the desk', async t => {
  const { desk, signedInGuest } = await start(t)
  const guest = await signedInGuest()
  const { conversationId } = await begun(desk, guest)
  await desk.act(conversationId, 'take', { name: 'Kim' })
  const quickReplies = [{ text: 'Thursday' }, { text: 'Friday', payload: 'day-5' }]
  await desk.act(conversationId, 'messages', { name: 'Kim', text: 'Which day?', quickReplies })
  t.match(body(await guest.next(saying('Which day?'))), {
    type: 'Structured',
    content: [
      { contentType: 'QuickReply', quickReply: { text: 'Thursday', payload: 'Thursday', action: 'Message' } },
      { contentType: 'QuickReply', quickReply: { text: 'Friday', payload: 'day-5', action: 'Message' } }
    ]
  })
  const events = await desk.watch()
  t.teardown(() => events.close())
  await guest.request('onMessage', {
    message: {
      type: 'Structured',
      text: 'Friday',
      content: [{ contentType: 'ButtonResponse', buttonResponse: { text: 'Friday', payload: 'day-5', type: 'QuickReply' } }]
    }
  })
  t.match(await events.next(({ event }) => event === 'message'), {
    data: { conversationId, message: { type: 'Structured', content: [{ contentType: 'ButtonResponse', buttonResponse: { payload: 'day-5' } }] } }
  })
})

t.test('the guest sees that the agent types, where the deployment shows it', async t => {
  for (const shown of [true, false]) {
    const [deployment] = configWith(temporaryFolder(t)).deployments
    const { messenger } = deployment!
    const conversations = { ...messenger.apps.conversations, showAgentTypingIndicator: shown }
    const changed = { ...deployment!, messenger: { ...messenger, apps: { conversations } } }
    const { desk, signedInGuest } = await start(t, { deployments: [changed] })
    const guest = await signedInGuest()
    const { conversationId } = await begun(desk, guest)
    await desk.act(conversationId, 'take', { name: 'Kim' })
    for (const on of [true, false]) t.match(await desk.act(conversationId, 'typing', { name: 'Kim', on }), { status: 204 })
    await desk.act(conversationId, 'messages', { name: 'Kim', text: 'hello' })
    await guest.next(saying('hello'))
    const typing = guest.unread.map(body).filter(({ type, originatingEntity }) => type === 'Event' && originatingEntity === 'Human')
    t.match(typing, shown ? [{ events: [{ typing: { type: 'On', duration: 5000 } }] }, { events: [{ typing: { type: 'Off' } }] }] : [])
    t.equal(typing.length, shown ? 2 : 0)
  }
})

t.test('a file goes to the guest, checked as a guest\'s own would be', async t => {
  const { desk, signedInGuest, app } = await start(t)
  const guest = await signedInGuest()
  const { conversationId } = await begun(desk, guest)
  const path = `/desk/conversations/${conversationId}/attachments`
  const attach = (fileName: string, body: Buffer, type = 'text/plain') =>
    desk.ask('POST', `${path}?${new URLSearchParams({ name: 'Kim', fileName })}`, { body, headers: { 'content-type': type } })
  t.match(await attach('tide table.txt', Buffer.from('high at noon')), { status: 409, body: { message: 'Take the conversation first.' } })
  await desk.act(conversationId, 'take', { name: 'Kim' })

  t.match(await attach('tide table.txt', Buffer.from('high at noon'), 'text/plain;charset=utf-8'), { status: 200, body: { type: 'Text' } })
  const frame = await guest.next(frame => body(frame).originatingEntity === 'Human')
  t.match(frame.body, {
    type: 'Text',
    content: [{ contentType: 'Attachment', attachment: { filename: 'tide table.txt', fileSize: 12, mediaType: 'File', mime: 'text/plain', url: String } }]
  })
  const { content } = frame.body as { content: [{ attachment: { url: string } }] }
  const { pathname, search } = new URL(content[0].attachment.url)
  t.equal((await app.inject(pathname + search)).body, 'high at noon')

  const refused: [string, Promise<{ status: number, body: object }>, number][] = [
    ['a name that leads elsewhere', attach('../../x.txt', Buffer.from('x')), 400],
    ['a program', attach('setup.exe', Buffer.from('MZ'), 'application/octet-stream'), 400],
    ['an empty file', attach('empty.txt', Buffer.alloc(0)), 400],
    ['a file over the limit', attach('big.txt', Buffer.alloc(maxFileBytes + 1, 'x')), 413],
    ['no name', desk.ask('POST', `${path}?name=Kim`, { body: Buffer.from('x'), headers: { 'content-type': 'text/plain' } }), 400]
  ]
  for (const [what, answer, status] of refused) t.match(await answer, { status, body: { status, message: /./, contextId: String } }, what)
})

t.test('the agent ends the conversation: from then on it can be read only', async t => {
  const { desk, signedInGuest } = await start(t)
  const guest = await signedInGuest()
  const { conversationId } = await begun(desk, guest)
  await desk.act(conversationId, 'take', { name: 'Kim' })
  t.match(await desk.act(conversationId, 'disconnect', { name: 'Kim' }), { status: 204 })
  t.match(body(await guest.next(frame => body(frame).metadata?.['readOnly'] === 'true')), {
    type: 'Event', direction: 'Outbound', originatingEntity: 'Human', events: [{ eventType: 'Presence', presence: { type: 'Disconnect' } }]
  })
  t.match(await guest.say('one more thing'), { class: 'string', code: 409 })
  for (const [act, fields] of Object.entries({ take: {}, messages: { text: 'hello?' }, typing: { on: true }, release: {}, disconnect: {} })) {
    const answer = await desk.act(conversationId, act, { name: 'Kim', ...fields })
    t.match(answer, { status: 409, body: { message: 'This conversation has ended: it can only be read.' } }, act)
  }
  t.match(await desk.ask('GET', `/desk/conversations/${conversationId}`), { status: 200, body: { readOnly: true, agent: null, scripted: false } })
})

t.test('where guests may go on writing after the agent has left, the script answers them', async t => {
  const [deployment] = configWith(temporaryFolder(t)).deployments
  const { messenger } = deployment!
  const conversations = { ...messenger.apps.conversations, conversationDisconnect: { enabled: true, type: 'Send' as const } }
  const changed = { ...deployment!, messenger: { ...messenger, apps: { conversations } } }
  const { desk, signedInGuest } = await start(t, { deployments: [changed] })
  const guest = await signedInGuest()
  const { conversationId } = await begun(desk, guest)
  await desk.act(conversationId, 'take', { name: 'Kim' })
  await desk.act(conversationId, 'disconnect', { name: 'Kim' })
  const left = await guest.next(frame => body(frame).type === 'Event' && body(frame).originatingEntity === 'Human')
  t.equal(body(left).metadata?.['readOnly'], undefined)
  await guest.say('When do you open?')
  t.match(body(await guest.next(saying(/9:00/))), { originatingEntity: 'Bot' })
})

t.test('a conversation that the guest has cleared is not there any more', async t => {
  const { desk, signedInGuest } = await start(t)
  const guest = await signedInGuest()
  const { conversationId } = await begun(desk, guest)
  await desk.act(conversationId, 'take', { name: 'Kim' })
  await guest.request('onMessage', presence('Clear'))
  const refused = await desk.act(conversationId, 'messages', { name: 'Kim', text: 'hello?' })
  t.match(refused, { status: 404, body: { message: /^This conversation is over/ } })
  t.match(await desk.ask('GET', `/desk/conversations/${conversationId}`), { status: 404 })
  t.strictSame((await desk.list()).entities, [])
})
