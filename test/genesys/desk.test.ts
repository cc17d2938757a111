// The desk's API and page: who is there, what happens, and whom it lets in.
import { randomUUID } from 'node:crypto'
import { createConnection } from 'node:net'
import { fastifySSE } from '@fastify/sse'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import type { StructuredMessage } from '../../services/genesys/protocol/structured-message.ts'
import { ConversationEvents } from '../../services/genesys/sessions/conversation-events.ts'
import { SessionStore } from '../../services/genesys/sessions/session-store.ts'
import { sendEvents } from '../../services/genesys/desk/desk-events.ts'
import { Desk, type DeskEvents } from '../helpers/desk.ts'
import { newStore } from '../helpers/new-store.ts'
import { until } from '../helpers/until.ts'
import {
  ada, anonymousDeploymentId, another, configWith, deploymentId, grace, startGenesys, stepUpDeploymentId
} from './helper.ts'

const host = 'genesys.localhost:3002'
// The script would have its say in what the desk hears.
const { url, store, tokens, open, anonymousGuest, signedInGuest } = await startGenesys(t, { lab: true, agent: 'desk' })
const desk = new Desk(url, host)

const typing = (type: string) => ({ message: { type: 'Event', events: [{ eventType: 'Typing', typing: { type, duration: 5000 } }] } })
const presence = (type: string) => ({ message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type } }] } })

/** Hear what happens from now on. */
async function watch (t: Test): Promise<DeskEvents> {
  const events = await desk.watch()
  t.teardown(() => events.close())
  return events
}

t.test('two browsers of one person are two conversations, for the person and at the desk, and end together by a sign-out', async t => {
  const person = another(ada)
  const [laptop, phone] = [await signedInGuest(person), await signedInGuest(person)]
  await laptop.say('from the laptop')
  await phone.say('from the phone')
  const mine = (await desk.list('?pageSize=100')).entities.filter(({ guest }) => guest.sub === person.sub)
  t.strictSame(mine.map(({ lastMessage }) => lastMessage?.text).sort(), ['from the laptop', 'from the phone'])
  const ofLaptop = mine.find(({ lastMessage }) => lastMessage?.text === 'from the laptop')!
  await desk.act(ofLaptop.conversationId, 'take', { name: 'Kim' })
  await desk.act(ofLaptop.conversationId, 'messages', { name: 'Kim', text: 'to the laptop' })
  await laptop.next(({ body }) => (body as { text?: string }).text === 'to the laptop')
  await phone.request('echo', { message: { type: 'Text', text: 'ping' } })
  t.notMatch(JSON.stringify(phone.unread), 'laptop', 'neither hears the other')

  const { jwt } = await tokens.issue({ deploymentId, identity: person })
  await fetch(`${url}/api/v2/webdeployments/token/revoke`, { method: 'DELETE', headers: { authorization: `bearer ${jwt}` } })
  for (const guest of [laptop, phone]) await guest.next(frame => frame.class === 'LogoutEvent')
})

t.test('lists conversations, the newest first, with who the guest is and who says so', async t => {
  const { url, anonymousGuest, signedInGuest } = await startGenesys(t, { lab: true })
  const desk = new Desk(url, host)
  const hers = await signedInGuest()
  const stranger = await anonymousGuest()
  for (const guest of [hers, stranger]) {
    await guest.say('hello')
    await guest.next(({ body }) => (body as StructuredMessage).direction === 'Outbound' && (body as StructuredMessage).type !== 'Event')
  }
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
    'agent', 'connections', 'conversationId', 'customAttributes', 'deploymentId', 'guest', 'lastActive', 'lastMessage', 'readOnly', 'scripted', 'startedAt', 'verified'
  ], 'and nothing that would let somebody into the session')
  t.notMatch(JSON.stringify(entities), hers.token, 'whoever has the token has the session')
  await hers.close()
  await until('the desk sees that the guest has gone', async () => (await desk.list()).entities[1]!.connections === 0)
})

t.test('pages the list, and the history of a conversation', async t => {
  const guests = [await anonymousGuest(), await anonymousGuest(), await anonymousGuest()]
  const idsOf = ({ entities }: Awaited<ReturnType<Desk['list']>>) => entities.map(({ conversationId }) => conversationId)
  const all = idsOf(await desk.list())
  const pageSize = all.length - 1
  const first = await desk.list(`?pageSize=${pageSize}`)
  const second = await desk.list(`?pageSize=${pageSize}&pageNumber=2`)
  t.strictSame([first, second].map(idsOf), [all.slice(0, pageSize), all.slice(pageSize)])
  t.strictSame([first.more, second.more], [true, false])

  for (const words of ['one', 'two', 'three']) await guests[0]!.say(words)
  const { conversationId } = await desk.find('three')
  const { body } = await desk.ask<{ messages: { entities: object[] } }>('GET', `/desk/conversations/${conversationId}?pageSize=2&pageNumber=2`)
  t.match(body, { conversationId, messages: { pageNumber: 2, pageCount: 2, total: 3, entities: [{ text: 'one', direction: 'Inbound' }] } })
  t.equal(body.messages.entities.length, 1)
})

t.test('shows what happens as it happens', async t => {
  const events = await watch(t)
  const guest = await signedInGuest()
  const begun = await events.next(({ event }) => event === 'conversation')
  const { conversationId } = begun.data
  t.match(begun.data, { guest: { name: 'Ada Lovelace' }, verified: { iss: 'http://idp.localhost:3001' }, agent: null })
  t.match((await events.next(({ event }) => event === 'presence')).data, { conversationId, connections: 1 })

  await guest.request('onMessage', typing('On'))
  t.match((await events.next(({ event }) => event === 'message')).data, {
    conversationId, message: { direction: 'Inbound', events: [{ typing: { type: 'On' } }] }
  })
  await guest.say('hello there')
  t.match((await events.next(({ event }) => event === 'message')).data, {
    conversationId, message: { type: 'Text', text: 'hello there', direction: 'Inbound' }
  })

  await desk.act(String(conversationId), 'take', { name: 'Kim' })
  const taken = await events.next(({ event, data }) => event === 'conversation' && data['agent'] !== null)
  t.match(taken.data, { conversationId, agent: { name: 'Kim' } })
  await desk.act(String(conversationId), 'messages', { name: 'Kim', text: 'hello Ada' })
  t.ok(await events.next(({ data }) => data.message?.['text'] === 'hello Ada'), 'also in the other windows of the desk')

  await guest.request('onMessage', presence('Clear'))
  t.match((await events.next(({ event }) => event === 'ended')).data, { conversationId })
  await guest.closed
})

t.test('sees a guest sign in during the conversation: from then on the guest is verified', async t => {
  const events = await watch(t)
  const guest = await open({ deploymentId: stepUpDeploymentId })
  await guest.request('configureSession', { deploymentId: stepUpDeploymentId })
  const begun = await events.next(({ event }) => event === 'conversation')
  t.equal(begun.data['verified'], null)
  const { jwt } = await tokens.issue({ deploymentId: stepUpDeploymentId, identity: { ...ada, since: new Date().toISOString() } })
  await guest.request('configureAuthenticatedSession', { deploymentId: stepUpDeploymentId, data: { code: jwt } })
  const { data } = await events.next(({ event, data }) => event === 'conversation' && data['verified'] !== null)
  t.match(data, { conversationId: begun.data.conversationId, guest: { name: 'Ada Lovelace' }, verified: { iss: ada.iss } })
  t.ok(await events.next(({ data }) => JSON.stringify(data.message ?? {}).includes('"SignIn"')))
  const { entities: [conversation] } = await desk.list()
  t.ok(conversation!.verified!.since >= conversation!.startedAt)
})

t.test('says so when a guest has gone', async t => {
  const events = await watch(t)
  const tab = await signedInGuest()
  const otherTab = await signedInGuest(ada, { token: tab.token })
  await tab.close()
  await events.next(({ event, data }) => event === 'presence' && data['connections'] === 2)
  await events.next(({ event, data }) => event === 'presence' && data['connections'] === 1)
  await otherTab.close()
  t.ok(await events.next(({ event, data }) => event === 'presence' && data['connections'] === 0))
})

t.test('a desk that comes back finds in the list what it has missed', async t => {
  const events = await watch(t)
  const guest = await signedInGuest()
  events.close()
  await guest.say('while you were out')
  await watch(t)
  const { entities: [conversation] } = await desk.list()
  const { body } = await desk.ask('GET', `/desk/conversations/${conversation!.conversationId}`)
  t.match(JSON.stringify(body), /while you were out/)
})

t.test('does not keep the service from closing', async t => {
  const { app, url } = await startGenesys(t, { lab: true })
  const events = await new Desk(url, host).watch()
  t.teardown(() => events.close())
  let closed = false
  app.close().then(() => { closed = true })
  // A process that takes longer is ended by force.
  await until('it has closed', () => closed, 5_000)
  await until('the desk has noticed', () => events.closed)
})

/** A service with nothing but events, and how many desks listen to it. */
async function startEvents (t: Test) {
  const events = await ConversationEvents.open(await newStore(t))
  const app = Fastify({ forceCloseConnections: true })
  await app.register(fastifySSE)
  const summaryOf = () => { throw new Error('no session here') }
  app.get('/desk/events', { sse: { kind: 'only' } }, (_request, reply) => sendEvents(reply, events, summaryOf))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  return { url, events, listeners: () => events.subscribers }
}

t.test('forgets desks that have gone away', async t => {
  const { url, listeners } = await startEvents(t)
  const desks = await Promise.all(Array.from({ length: 20 }, () => new Desk(url).watch()))
  t.equal(listeners(), 20)
  for (const desk of desks) desk.close()
  await until('nobody listens', () => listeners() === 0)
})

t.test('lets a hundred desks look on, says so to the next, and has room again when one has gone', async t => {
  const { url, listeners } = await startEvents(t)
  const desks = await Promise.all(Array.from({ length: 100 }, () => new Desk(url).watch()))
  t.teardown(() => { for (const desk of desks) desk.close() })
  const refused = await fetch(`${url}/desk/events`, { headers: { accept: 'text/event-stream' } })
  t.equal(refused.status, 503)
  t.match(await refused.json(), { message: '100 desks are open already: close one, then this one goes on by itself.' })
  desks.pop()!.close()
  await until('one has gone', () => listeners() === 99)
  desks.push(await new Desk(url).watch())
})

t.test('cuts a desk off that does not read, so that nothing piles up for it, and no other', async t => {
  const { url, events, listeners } = await startEvents(t)
  const { port } = new URL(url)
  const stuck = createConnection({ host: '127.0.0.1', port: Number(port) }).on('error', () => { /* it is cut off */ })
  t.teardown(() => stuck.destroy())
  stuck.pause().write(`GET /desk/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n\r\n`)
  await until('it listens', () => listeners() === 1)
  const reading = await new Desk(url).watch()
  t.teardown(() => reading.close())

  const conversationId = 'x'.repeat(10_000)
  let sent = 0
  await until('it is cut off', () => {
    // The other has taken in what came before.
    const count = reading.arrived.length === sent ? 100 : 0
    for (const end = sent + count; sent < end; sent++) events.publish({ type: 'connections', conversationId, connections: sent })
    return listeners() === 1
  })
  await until('the other has got everything', () => reading.arrived.length === sent)
  t.same(reading.arrived.map(({ data }) => data['connections']), Array.from({ length: sent }, (_, index) => index))
})

t.test('refuses what is malformed, with the platform\'s error body', async t => {
  await signedInGuest()
  const { conversationId } = (await desk.list()).entities[0]!
  await desk.act(conversationId, 'take', { name: 'Kim' })
  const cases: [string, string, unknown][] = [
    ['take', 'no name', {}],
    ['take', 'a blank name', { name: '  ' }],
    ['take', 'a very long name', { name: 'x'.repeat(61) }],
    ['messages', 'no text', { name: 'Kim' }],
    ['messages', 'a blank text', { name: 'Kim', text: ' \n ' }],
    ['messages', 'a text over the limit', { name: 'Kim', text: 'x'.repeat(4097) }],
    ['messages', 'a quick reply without a text', { name: 'Kim', text: 'x', quickReplies: [{ payload: 'y' }] }],
    ['messages', 'too many quick replies', { name: 'Kim', text: 'x', quickReplies: Array.from({ length: 11 }, (_, index) => ({ text: String(index) })) }],
    ['typing', 'neither on nor off', { name: 'Kim' }],
    ['disconnect', 'no name', {}]
  ]
  for (const [act, what, fields] of cases) {
    t.match(await desk.act(conversationId, act, fields), { status: 400, body: { status: 400, code: 'bad.request', contextId: String } }, `${act}: ${what}`)
  }
  for (const path of ['not-a-uuid', randomUUID()]) t.ok((await desk.ask('GET', `/desk/conversations/${path}`)).status >= 400, path)
  for (const query of ['?pageSize=0', '?pageSize=101', '?pageNumber=0']) t.equal((await desk.ask('GET', `/desk/conversations${query}`)).status, 400, query)
})

t.test('refuses what a browser sends from elsewhere, and whoever knows it by another name', async t => {
  await signedInGuest()
  const { conversationId } = (await desk.list()).entities[0]!
  const foreign: [string, Record<string, string>][] = [
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['the same site, another origin', { 'sec-fetch-site': 'same-site' }],
    ['another origin, of an old browser', { origin: 'http://app.localhost:3000' }],
    ['a page in a sandbox', { origin: 'null' }],
    ['DNS rebinding', { host: 'evil.example' }],
    ['DNS rebinding with our port', { host: 'evil.example:3002' }],
    ['an address, by a browser', { host: new URL(url).host, 'sec-fetch-site': 'same-origin' }],
    ['an object', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'object' }]
  ]
  for (const [what, headers] of foreign) {
    for (const [method, path] of [
      ['GET', '/desk'], ['GET', '/desk/desk.js'], ['GET', '/desk/conversations'], ['GET', '/desk/events'],
      ['POST', `/desk/conversations/${conversationId}/take`], ['OPTIONS', '/desk/conversations']
    ] as const) {
      const answer = await desk.ask(method, path, { headers, ...method === 'POST' && { body: { name: 'Mallory' } } })
      t.match(answer, { status: 403, body: { status: 403, code: 'forbidden', contextId: String } }, `${what}: ${method} ${path}`)
      t.equal(answer.headers['access-control-allow-origin'], undefined)
    }
  }
  t.equal((await desk.list()).entities[0]!.agent, null)
  for (const headers of [
    { 'sec-fetch-site': 'same-origin', origin: `http://${host}` }, { 'sec-fetch-site': 'none' }, { host: new URL(url).host }
  ]) {
    t.equal((await desk.ask('GET', '/desk/conversations', { headers })).status, 200)
  }
  const preflight = await desk.ask('OPTIONS', '/desk/conversations')
  t.equal(preflight.headers['access-control-allow-methods'], undefined, 'and answers no preflight')
})

for (const [what, destination] of [['a link', 'document'], ['a frame', 'iframe']]) {
  t.test(`${what} from elsewhere leads to the page, and to nothing else`, async t => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': destination! }
    t.equal((await desk.ask('GET', '/desk', { headers })).status, 200)
    t.equal((await desk.ask('GET', '/desk/conversations', { headers })).status, 403)
  })
}

t.test('serves the page under a policy that lets nothing but its own files in, and shows it in no frame but the console\'s', async t => {
  const page = await desk.ask('GET', '/desk')
  t.match(page, { status: 200, headers: { 'content-type': /^text\/html/, 'x-content-type-options': 'nosniff' } })
  const policy = String(page.headers['content-security-policy'])
  t.match(policy, /^default-src 'self'; img-src 'self' http:\/\/app\.localhost:3000; frame-ancestors http:\/\/lab\.localhost:3003;/)
  t.equal(page.headers['x-frame-options'], undefined)
  t.notMatch(policy, /unsafe|\*/)
  t.notMatch(page.text, /<style|<script(?![^>]*src)| style=| on\w+=/, 'nothing inline')
  for (const file of page.text.matchAll(/(?:src|href)="(\/desk\/[^"]+)"/g)) t.equal((await desk.ask('GET', file[1]!)).status, 200, file[1]!)
  for (const path of ['/desk/tsconfig.json', '/desk/../desk.ts', '/desk/nothing.js']) t.equal((await desk.ask('GET', path)).status, 404, path)
})

t.test('leads to the live view of the console', async t => {
  t.match((await desk.ask('GET', '/desk')).text, 'href="desk/live-view"')
  t.match(await desk.ask('GET', '/desk/live-view'), { status: 302, headers: { location: 'http://lab.localhost:3003/live' } })
})

t.test('is not there outside of the lab', async t => {
  const { url } = await startGenesys(t, { lab: false })
  const desk = new Desk(url, host)
  for (const path of ['/desk', '/desk/conversations', '/desk/events']) t.match(await desk.ask('GET', path), { status: 404, body: { status: 404 } })
})

t.test('a conversation begun anew in one tab is the one of the other tabs as well, also for the desk', async t => {
  const tab = await anonymousGuest()
  const other = await anonymousGuest({ token: tab.token })
  const [before, ...others] = (await desk.list()).entities
  await other.request('configureSession', { startNew: true })
  const [now, ...rest] = (await desk.list()).entities
  t.not(now!.conversationId, before!.conversationId)
  t.match(now, { connections: 2 })
  t.strictSame(rest, others)

  const events = await watch(t)
  await tab.close()
  const { data } = await events.next(({ event }) => event === 'presence')
  t.strictSame(data, { conversationId: now!.conversationId, connections: 1 })
})

t.test('the desk shows who is there, however many newer conversations have expired', async t => {
  await (await signedInGuest(ada)).say('I wait')
  await (await signedInGuest(grace)).say('So do I')
  const before = await desk.list('?pageSize=100')
  const sessions = new SessionStore(store, await ConversationEvents.open(store))
  const shortLived = { ...configWith('').deployments[0]!, sessionDurationSeconds: 0 }
  await Promise.all(Array.from({ length: 130 }, () => sessions.start(randomUUID(), shortLived)))

  t.match(before, { entities: [{ lastMessage: { text: 'So do I' } }, { lastMessage: { text: 'I wait' } }], more: false })
  t.same(await desk.list('?pageSize=100'), before)
  t.match(await desk.list('?pageSize=1'), { entities: [{ lastMessage: { text: 'So do I' } }], more: true })
  t.match(await desk.list('?pageSize=1&pageNumber=2'), { entities: [{ lastMessage: { text: 'I wait' } }], more: true })
  t.match(await desk.list(`?pageSize=1&pageNumber=${before.entities.length}`), { entities: { length: 1 }, more: false })
})

t.test('what the page says about its guest counts with the Join as well, and stands beside the conversation', async t => {
  const guest = await signedInGuest()
  const events = await desk.watch()
  t.teardown(() => events.close())
  const channel = (customAttributes: object) => ({ metadata: { customAttributes } })
  const join = { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Join' } }] }
  const tooLarge = await guest.request('onMessage', { message: { ...join, channel: channel({ a: 'x'.repeat(2048) }) } })
  t.match(tooLarge, { code: 4013 })
  const echo = await guest.request('onMessage', { message: { ...join, channel: channel({ plan: 'gold', basket: { items: 3 } }) } })
  t.match(echo.body, { channel: channel({ plan: 'gold' }) })
  const { data: { conversationId } } = await events.next(({ event, data }) => event === 'conversation' && 'plan' in (data['customAttributes'] as object))
  const attributes = async () => (await desk.ask('GET', `/desk/conversations/${conversationId}`)).body['customAttributes']
  t.strictSame(await attributes(), { plan: 'gold', basket: { items: 3 } })
  await guest.request('onMessage', { message: { type: 'Text', text: 'in the message', channel: channel({ plan: 'silver', page: '/tours' }) } })
  t.strictSame(await attributes(), { plan: 'silver', basket: { items: 3 }, page: '/tours' }, 'what came last counts')
  for (let count = 1; count <= 5; count++) {
    await guest.request('onMessage', { message: { type: 'Text', text: 'more', channel: channel({ [`long-${count}`]: 'x'.repeat(2000) }) } })
  }
  t.ok(JSON.stringify(await attributes()).length < 8192, 'and it does not grow for ever')
})

t.test('what the page says about its guest reaches the desk with the message', async t => {
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
