// Where a visitor has been on the brand's pages, and beside whose conversation that is shown.
import { randomUUID } from 'node:crypto'
import t from 'tap'
import type { JourneyEvent, Traits } from '../../services/genesys/visitor-journeys/visitor-journey-store.ts'
import { Desk } from '../helpers/desk.ts'
import type { Guest } from '../helpers/guest.ts'
import { ada, another, configWith, deploymentId, grace, startGenesys, stepUpDeploymentId } from './helper.ts'

const withoutJourney = { ...configWith('').deployments[0]!, id: randomUUID(), journeyEvents: { enabled: false } }
const { app, url, open, tokens } = await startGenesys(t, { lab: true, agent: 'desk', deployments: [...configWith('').deployments, withoutJourney] })
const desk = new Desk(url, 'genesys.localhost:3002')
const limited = await startGenesys(t, { rateLimits: true })

const page = { url: 'http://app.localhost:3000/tours', title: 'Tours' }
const eventOf = (customerCookieId: string, more: object = {}) =>
  ({ customerCookieId, eventName: 'page_viewed', page, createdDate: new Date().toISOString(), ...more })
const post = (payload: object, { to = deploymentId, kind = 'webevents', origin = 'http://app.localhost:3000', server = app } = {}) =>
  server.inject({ method: 'POST', url: `/api/v2/journey/deployments/${to}/${kind}`, headers: { origin }, payload })
const statusOf = async (...args: Parameters<typeof post>) => (await post(...args)).statusCode

/** A guest whose page names the cookie of its browser. */
async function enter (customerId: string, { identity, to = deploymentId, token }: { identity?: typeof ada, to?: string, token?: string }) {
  const guest = await open({ deploymentId: to, ...(token && { token }) })
  await configure(guest, customerId, { ...identity && { identity }, to })
  return guest
}

async function configure (guest: Guest, customerId: string, { identity, to = deploymentId }: { identity?: typeof ada, to?: string }) {
  const journeyContext = { customer: { id: customerId, idType: 'cookie' }, customerSession: { id: '', type: 'web' } }
  const code = identity && (await tokens.issue({ deploymentId: to, identity })).jwt
  const action = identity ? 'configureAuthenticatedSession' : 'configureSession'
  const { code: status } = await guest.request(action, { journeyContext, ...code && { data: { code } } })
  if (status !== 200) throw new Error(`${action} was answered with ${status}`)
}

/** What the desk shows beside the conversation in which this guest says something now. */
async function journeyOf (guest: Guest) {
  const words = randomUUID()
  await guest.say(words)
  const { conversationId } = await desk.find(words)
  const { body } = await desk.ask<{ traits: Traits, events: JourneyEvent[] }>('GET', `/desk/conversations/${conversationId}/journey`)
  return { conversationId, traits: body.traits, events: body.events, names: body.events.map(({ eventName }) => eventName) }
}

t.test('what a guest has looked at before they chat, and while they do, stands beside the conversation', async t => {
  const customer = randomUUID()
  const traits = { givenName: 'Ada', email: { value: 'ada@example.com' } }
  const attributes = { tour: 'seal-sands', places: 2, early: { dataType: 'boolean', value: true } }
  const before = await post(eventOf(customer, { traits, attributes }))
  t.match(before, { statusCode: 200, headers: { 'access-control-allow-origin': '*' } })
  t.match(before.json(), { id: /^[0-9a-f-]{36}$/, eventName: 'page_viewed' })
  const guest = await enter(customer.toUpperCase(), { identity: another(ada) })
  t.match(await journeyOf(guest), {
    traits: { givenName: 'Ada', email: 'ada@example.com' },
    events: [{ eventName: 'page_viewed', page, attributes: { tour: 'seal-sands', places: 2, early: true } }]
  })
  const events = await desk.watch()
  t.teardown(() => events.close())
  await post(eventOf(customer, { eventName: 'tour_chosen', traits: { cellPhone: '555' } }))
  const { data } = await events.next(({ event }) => event === 'journey')
  const { conversationId, traits: told, names } = await journeyOf(guest)
  t.equal(data.conversationId, conversationId)
  t.same(told, { givenName: 'Ada', email: 'ada@example.com', cellPhone: '555' })
  t.same(names, ['tour_chosen', 'page_viewed'], 'the latest first')
  t.equal(await statusOf({ sessionId: customer, actionId: randomUUID(), actionState: 'accepted' }, { kind: 'actionevent' }), 202)
  t.same((await journeyOf(guest)).names[0], 'action_accepted')
})

t.test('whoever signs in after another in the same browser does not get the other\'s journey', async t => {
  const customer = randomUUID()
  await post(eventOf(customer, { eventName: 'of_a_visitor' }))
  const visitor = await enter(customer, { to: stepUpDeploymentId })
  t.same((await journeyOf(visitor)).names, [], 'a cookie counts within its deployment')
  await post(eventOf(customer, { eventName: 'anonymous' }), { to: stepUpDeploymentId })
  t.same((await journeyOf(visitor)).names, ['anonymous'])
  const first = another(ada)
  await configure(visitor, customer, { identity: first, to: stepUpDeploymentId })
  t.same((await journeyOf(visitor)).names, ['anonymous'], 'who signs in during the conversation keeps theirs')

  const second = await enter(customer, { identity: another(grace), to: stepUpDeploymentId })
  const third = await enter(customer, { to: stepUpDeploymentId })
  t.same((await journeyOf(second)).names, [])
  t.same((await journeyOf(third)).names, [], 'nor does who does not say who they are')
  await post(eventOf(customer, { eventName: 'later' }), { to: stepUpDeploymentId })
  t.same((await journeyOf(visitor)).names, ['later', 'anonymous'])

  const { jwt } = await tokens.issue({ deploymentId: stepUpDeploymentId, identity: first })
  await app.inject({ method: 'DELETE', url: '/api/v2/webdeployments/token/revoke', headers: { authorization: `bearer ${jwt}` } })
  t.equal(await statusOf(eventOf(customer, { eventName: 'after_the_sign_out' }), { to: stepUpDeploymentId }), 200)
  const back = await enter(customer, { identity: first, to: stepUpDeploymentId, token: visitor.token })
  t.same((await journeyOf(back)).names, ['later', 'anonymous'], 'and what is done after the sign-out is nobody\'s')
})

t.test('clearing the conversation erases the journey, beginning anew keeps it', async t => {
  const customer = randomUUID()
  await post(eventOf(customer))
  const identity = another(ada)
  const guest = await enter(customer, { identity })
  const journeyContext = { customer: { id: customer, idType: 'cookie' } }
  const { jwt: code } = await tokens.issue({ deploymentId, identity })
  await guest.request('configureAuthenticatedSession', { journeyContext, startNew: true, data: { code } })
  t.same((await journeyOf(guest)).names, ['page_viewed'])
  await guest.request('onMessage', { message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Clear' } }] } })
  const again = await enter(customer, { identity })
  t.same((await journeyOf(again)).names, [])
})

t.test('keeps the latest fifty events, and refuses what is malformed or comes from elsewhere', async t => {
  const customer = randomUUID()
  for (let count = 1; count <= 52; count++) await post(eventOf(customer, { eventName: `event_${count}` }))
  const { names } = await journeyOf(await enter(customer, { identity: another(ada) }))
  t.same([names.length, names[0], names.at(-1)], [50, 'event_52', 'event_3'])

  const hour = 60 * 60 * 1000
  const action = { sessionId: customer, actionId: randomUUID(), actionState: 'accepted' }
  const cases: [string, object, Parameters<typeof post>[1], number][] = [
    ['no customer', { ...eventOf(customer), customerCookieId: undefined }, {}, 400],
    ['a customer that is easy to guess', eventOf('1'), {}, 400],
    ['a name with a blank', eventOf(customer, { eventName: 'page viewed' }), {}, 400],
    ['no page', eventOf(customer, { page: undefined }), {}, 400],
    ['a page that is none', eventOf(customer, { page: { url: 'javascript:alert(1)', title: '' } }), {}, 400],
    ['a trait that is no text', eventOf(customer, { traits: { email: ['a@b.example'] } }), {}, 400],
    ['a trait without end', eventOf(customer, { traits: { email: 'a'.repeat(1001) } }), {}, 400],
    ['an attribute that is nested', eventOf(customer, { attributes: { a: { b: { c: 1 } } } }), {}, 400],
    ['attributes over 4096 bytes', eventOf(customer, { attributes: Object.fromEntries([1, 2, 3, 4, 5].map(n => [n, 'x'.repeat(1000)])) }), {}, 400],
    ['more than an hour ago', eventOf(customer, { createdDate: new Date(Date.now() - hour - 1000).toISOString() }), {}, 400],
    ['in an hour', eventOf(customer, { createdDate: new Date(Date.now() + hour).toISOString() }), {}, 400],
    ['a body without end', eventOf(customer, { page: { ...page, title: 'x'.repeat(20_000) } }), {}, 413],
    ['an action of no known state', { ...action, actionState: 'dreamt' }, { kind: 'actionevent' }, 400],
    ['a page of another host', eventOf(customer), { origin: 'https://evil.example' }, 403],
    ['a deployment that does not ask', eventOf(customer), { to: withoutJourney.id }, 403],
    ['a deployment that there is not', eventOf(customer), { to: randomUUID() }, 404]
  ]
  for (const [label, payload, options, status] of cases) t.equal(await statusOf(payload, options), status, label)
  t.equal(await statusOf(eventOf(customer, { traits: { shoeSize: '42' } }), { to: deploymentId.toUpperCase() }), 200, 'what is not known is passed over')
  const guest = await open({})
  t.match(await guest.request('configureAuthenticatedSession', { journeyContext: { customer: { id: 1 } } }), { code: 400, body: /journeyContext\.customer\.id/ })
})

t.test('a browser can tell only so much in a minute', async t => {
  const customer = randomUUID()
  const statuses = await Promise.all(Array.from({ length: 121 }, () => post(eventOf(customer), { server: limited.app })))
  t.same(statuses.map(({ statusCode }) => statusCode).filter(status => status !== 200), [429])
})
