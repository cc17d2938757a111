import { createConnection } from 'node:net'
import Fastify from 'fastify'
import { fastifySSE } from '@fastify/sse'
import t, { type Test } from 'tap'
import { sendEvents } from '../../services/genesys/desk/events.ts'
import { createHappenings, type Happening } from '../../services/genesys/conversations/happenings.ts'
import { Desk } from '../helpers/desk.ts'
import { until } from '../helpers/until.ts'
import { ada, startGenesys } from './helper.ts'

const stepUpDeploymentId = '7e3a9d18-2c6f-4b05-a1d4-5f8b9c0e6d72'
const host = 'genesys.localhost:3002'
const typing = (type: string) => ({ message: { type: 'Event', events: [{ eventType: 'Typing', typing: { type, duration: 5000 } }] } })
const presence = (type: string) => ({ message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type } }] } })

async function start (t: Test) {
  const genesys = await startGenesys(t, { lab: true })
  const desk = new Desk(genesys.url, host)
  const events = await desk.watch()
  t.teardown(() => events.close())
  return { ...genesys, desk, events }
}

t.test('shows what happens as it happens', async t => {
  const { desk, events, signedInGuest } = await start(t)
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
  const { desk, events, open, tokens } = await start(t)
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
  const { events, signedInGuest } = await start(t)
  const tab = await signedInGuest()
  const otherTab = await signedInGuest(ada, { token: tab.token })
  await tab.close()
  await events.next(({ event, data }) => event === 'presence' && data['connections'] === 2)
  await events.next(({ event, data }) => event === 'presence' && data['connections'] === 1)
  await otherTab.close()
  t.ok(await events.next(({ event, data }) => event === 'presence' && data['connections'] === 0))
})

t.test('a desk that comes back finds in the list what it has missed', async t => {
  const { desk, events, signedInGuest } = await start(t)
  const guest = await signedInGuest()
  events.close()
  await guest.say('while you were out')
  const again = await desk.watch()
  t.teardown(() => again.close())
  const { entities: [conversation] } = await desk.list()
  const { body } = await desk.ask('GET', `/desk/conversations/${conversation!.conversationId}`)
  t.match(JSON.stringify(body), /while you were out/)
})

t.test('does not keep the service from closing', async t => {
  const { app, events } = await start(t)
  let closed = false
  app.close().then(() => { closed = true })
  // A process that takes longer is ended by force.
  await until('it has closed', () => closed, 5_000)
  await until('the desk has noticed', () => events.closed)
})

/** A service with nothing but events, and how many desks listen to it. */
async function startEvents (t: Test) {
  const happenings = createHappenings()
  let listeners = 0
  const counted = {
    ...happenings,
    subscribe (listener: (happening: Happening) => void) {
      const unsubscribe = happenings.subscribe(listener)
      listeners++
      return () => {
        unsubscribe()
        listeners--
      }
    }
  }
  const app = Fastify({ forceCloseConnections: true })
  await app.register(fastifySSE)
  const summaryOf = () => { throw new Error('no session here') }
  app.get('/desk/events', { sse: { kind: 'only' } }, (_request, reply) => sendEvents(reply, counted, summaryOf))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  return { url, happenings, listeners: () => listeners }
}

t.test('forgets desks that have gone away', async t => {
  const { url, listeners } = await startEvents(t)
  const desks = await Promise.all(Array.from({ length: 20 }, () => new Desk(url).watch()))
  t.equal(listeners(), 20)
  for (const desk of desks) desk.close()
  await until('nobody listens', () => listeners() === 0)
})

t.test('cuts a desk off that does not read, so that nothing piles up for it, and no other', async t => {
  const { url, happenings, listeners } = await startEvents(t)
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
    for (const end = sent + count; sent < end; sent++) happenings.publish({ type: 'presence', conversationId, connections: sent })
    return listeners() === 1
  })
  await until('the other has got everything', () => reading.arrived.length === sent)
  t.same(reading.arrived.map(({ data }) => data['connections']), Array.from({ length: sent }, (_, index) => index))
})
