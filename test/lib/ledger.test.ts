import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { Flows } from '#lib/ledger/correlation.ts'
import type { Recording } from '#lib/ledger/ledger-entry.ts'
import { Ledger } from '#lib/ledger/ledger.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Take down an exchange of the token endpoint, with changes. */
function record (ledger: Ledger, changes: Partial<Recording> = {}) {
  ledger.record({
    time: '2026-01-01T00:00:00.000Z',
    from: 'app',
    to: 'idp',
    method: 'POST',
    endpoint: 'token',
    path: '/token',
    parameters: {},
    status: 200,
    answer: {},
    faults: [],
    violations: [],
    durationMs: 1,
    ...changes
  })
}

const idsOf = (ledger: Ledger, query = {}) => ledger.query(query).entries.map(entry => entry.id)

t.test('shows exchanges in the order in which they arrived, also where a later one ended first', async t => {
  const ledger = new Ledger()
  const slow = ledger.begin()
  const quick = ledger.begin()
  record(ledger, { id: quick, endpoint: 'jwks' })
  const { last } = ledger.query()
  record(ledger, { id: slow, endpoint: 'token' })

  t.same(ledger.query().entries.map(entry => entry.endpoint), ['token', 'jwks'])
  t.same(ledger.query({ since: last }).entries.map(entry => entry.endpoint), ['token'], 'new to who saw the quick one')
})

t.test('finds by each thing that an exchange has', async t => {
  const ledger = new Ledger()
  const wanted = {
    endpoint: 'userinfo',
    client_id: 'shop',
    username: 'alice',
    session: 's1',
    status: 401,
    from: 'shop',
    to: 'the-idp',
    faults: ['userinfo-401']
  }
  record(ledger)
  record(ledger, wanted)
  const { faults, ...filters } = { ...wanted, fault: 'userinfo-401' }
  for (const [name, value] of Object.entries(filters)) t.same(idsOf(ledger, { [name]: value }), [2], name)
  t.same(idsOf(ledger, { endpoint: 'userinfo', client_id: 'another' }), [], 'all of them have to match')
})

t.test('has numbers, booleans and null as they were, and objects as their JSON', async t => {
  const ledger = new Ledger()
  record(ledger, { answer: { active: true, expires_in: 900, since: null, text: '900', list: ['a'], endless: Infinity } })
  t.strictSame(ledger.query().entries[0]!.answer, {
    active: true, expires_in: 900, since: null, text: '900', list: '["a"]', endless: 'null'
  })
  record(ledger, { answer: { code: 1234567890123, token: false } })
  t.strictSame(ledger.query({ order: 'desc', limit: 1 }).entries[0]!.answer, { code: '123…13', token: false }, 'but for secrets')
})

t.test('can be paged through, forwards from where one was and backwards from the end', async t => {
  const ledger = new Ledger()
  for (let n = 0; n < 5; n++) record(ledger)

  const first = ledger.query({ limit: 2 })
  t.match(first, { count: 5, last: 2 })
  t.same(first.entries.map(entry => entry.id), [1, 2])
  t.same(idsOf(ledger, { limit: 2, since: first.last }), [3, 4])
  t.same(idsOf(ledger, { limit: 2, order: 'desc' }), [5, 4])
  t.match(ledger.query({ since: 5 }), { entries: [], count: 0, last: 5 })
})

t.test('keeps no more than its limit, and says how many had to make room', async t => {
  const ledger = new Ledger({ limit: 3 })
  for (let n = 0; n < 10; n++) record(ledger)
  t.match(ledger.query(), { count: 3, forgotten: 7, last: 10 })
  t.same(idsOf(ledger), [8, 9, 10])
  t.match(ledger.query({ since: 5 }), { count: 3, forgotten: 2 })
  t.match(ledger.query({ since: 8 }), { count: 2, forgotten: 0 })
})

t.test('is empty when cleared, and numbers go on', async t => {
  const ledger = new Ledger()
  record(ledger)
  await ledger.clear()
  t.match(ledger.query(), { entries: [], count: 0, forgotten: 0 })
  record(ledger)
  t.ok(idsOf(ledger)[0]! > 1)
})

t.test('shortens secrets unless they are asked for, and leaves everything else', async t => {
  const ledger = new Ledger()
  const secret = 'kV8fJ2mQ-a-long-authorization-code'
  record(ledger, {
    parameters: {
      code: secret, client_secret: 'short', state: 'the-state', nonce: 'the-nonce', handed_on: 'eyJhbGciOiJub25lIn0.e30.'
    },
    answer: { access_token: secret, scope: 'openid' }
  })
  t.match(ledger.query().entries[0], {
    parameters: { code: 'kV8fJ2…34', client_secret: 's…5', state: 'the-state', nonce: 'the-nonce', handed_on: 'eyJhbG…24' },
    answer: { access_token: 'kV8fJ2…34', scope: 'openid' }
  })
  t.match(ledger.query({ secrets: 'show' }).entries[0], {
    parameters: { code: secret, client_secret: 'short' }, answer: { access_token: secret }
  })
})

t.test('knows the secrets of Genesys\' API by their names in camel case, and a status by its size', async t => {
  const ledger = new Ledger()
  const secret = 'kV8fJ2mQ-a-long-authorization-code'
  record(ledger, { parameters: { 'oauth.code': secret, 'oauth.codeVerifier': secret, code: 403 }, answer: { authCode: secret, refreshToken: secret, redirectUri: secret } })
  t.match(ledger.query().entries[0], {
    parameters: { 'oauth.code': 'kV8fJ2…34', 'oauth.codeVerifier': 'kV8fJ2…34', code: 403 },
    answer: { authCode: 'kV8fJ2…34', refreshToken: 'kV8fJ2…34', redirectUri: secret }
  })
})

t.test('reads headers and links when somebody asks for them, and once', async t => {
  const ledger = new Ledger()
  let reads = 0
  record(ledger, {
    parameters: { code: 'the-code' },
    late: {
      length: 10,
      read ({ parameters }) {
        reads++
        return { requestHeaders: { host: 'idp.localhost' }, answerHeaders: {}, links: [String(parameters['code'])] }
      }
    }
  })
  t.equal(reads, 0)
  t.match(ledger.query(), { entries: [{ requestHeaders: { host: 'idp.localhost' }, links: ['the-code'] }] })
  ledger.query()
  t.equal(reads, 1)
})

t.test('never keeps a password', async t => {
  const ledger = new Ledger()
  record(ledger, {
    parameters: { username: 'alice', password: 'wonderland', new_password: 'wonderland' },
    answer: { password_hint: 'wonderland' }
  })
  t.same(ledger.query({ secrets: 'show' }).entries[0]!.parameters, { username: 'alice' })
  t.notMatch(JSON.stringify(ledger.query({ secrets: 'show' })), 'wonderland')
})

t.test('cuts what is too long or too much, and says so', async t => {
  const ledger = new Ledger()
  const many = Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`p${n}`, 'x']))
  record(ledger, { parameters: { long: 'x'.repeat(10_000) }, answer: many })
  const large = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`p${n}`, 'x'.repeat(9_000)]))
  record(ledger, { parameters: large, answer: { claims: { nested: true }, none: undefined } })

  const [first, second] = ledger.query().entries
  t.equal(first!.parameters['long'], `${'x'.repeat(8_192)}… (cut: 10000 characters)`)
  t.equal(Object.keys(first!.answer).length, 101)
  t.equal(first!.answer['…'], '50 more')
  t.ok(JSON.stringify(second!.parameters).length < 70_000, 'all values of an entry together have a limit too')
  t.same(second!.answer, { claims: '{"nested":true}' })
})

t.test('does not keep a whole body in memory for a part of it', async t => {
  const ledger = new Ledger({ limit: 200 })
  const bodies = Array.from({ length: 200 }, (_, n) => `${n}-the-code-in-a-long-body-${'x'.repeat(500_000)}`)
  const before = heapUsed()
  for (const body of bodies) record(ledger, { parameters: { code: `${body}!`.slice(0, 24) } })
  bodies.length = 0
  t.ok(heapUsed() - before < 10e6, 'far less than the 100 MB of the bodies')
  t.equal(ledger.query().count, 200)
})

t.test('takes no more memory after 50,000 exchanges than after 5,000', async t => {
  const ledger = new Ledger({ limit: 500 })
  let last = ''
  const exchanges = (count: number) => {
    for (let n = 0; n < count; n++) {
      const next = `${Math.random()}-${n}`
      record(ledger, {
        parameters: { code: last, state: 'x'.repeat(500) },
        correlation: n % 10 === 0 ? { begins: true, yields: [next] } : { by: [last], yields: [next, `${next}-token`] }
      })
      last = next
    }
    return heapUsed()
  }
  const before = exchanges(5_000)
  t.ok(exchanges(50_000) - before < 3e6, 'less than 60 bytes for each that is gone')
})

t.test('is told by who waits: what is there already counts', async t => {
  const ledger = new Ledger()
  record(ledger, { client_id: 'shop' })
  t.match(await ledger.waitFor({ endpoint: 'token' }, { timeoutMs: 60_000 }), { count: 1, entries: [{ client_id: 'shop' }] })
})

t.test('lets a test wait for what is yet to come, and tells once from twice', async t => {
  const ledger = new Ledger()
  record(ledger)
  const { last } = ledger.query()
  const waiting = ledger.waitFor({ endpoint: 'token', since: last }, { count: 2, timeoutMs: 60_000 })
  record(ledger)
  record(ledger, { endpoint: 'jwks' })
  t.equal(ledger.listeners, 1, 'once is not enough')
  record(ledger)
  t.match(await waiting, { count: 2, entries: [{ id: 2 }, { id: 4 }] })
  t.equal(ledger.listeners, 0)
})

t.test('tells who waited in vain how many there were', async t => {
  const ledger = new Ledger()
  record(ledger)
  t.match(await ledger.waitFor({ endpoint: 'token' }, { count: 2, timeoutMs: 1 }), { count: 1 })
  t.equal(ledger.listeners, 0)
})

t.test('lets nobody wait any longer who has gone away, nor when it is closed', async t => {
  const ledger = new Ledger()
  const gone = new AbortController()
  const waiting = [
    ledger.waitFor({}, { timeoutMs: 60_000, signal: gone.signal }),
    ledger.waitFor({}, { timeoutMs: 60_000, signal: AbortSignal.abort() }),
    ledger.waitFor({}, { timeoutMs: 60_000 })
  ]
  t.equal(ledger.listeners, 2)
  gone.abort()
  t.equal(ledger.listeners, 1)
  ledger.close()
  t.match(await Promise.all(waiting), [{ count: 0 }, { count: 0 }, { count: 0 }])
  t.equal(ledger.listeners, 0)
})

function heapUsed () {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

/** Take down an exchange by which a flow is told. */
const recordIn = (ledger: Ledger, correlation: Recording['correlation'], changes: Partial<Recording> = {}) =>
  record(ledger, { ...(correlation && { correlation }), ...changes })

const flowsOf = (ledger: Ledger, query = {}) => ledger.query(query).entries.map(entry => entry.flow)

t.test('follows an authorization request from key to key', async t => {
  const ledger = new Ledger()
  recordIn(ledger, { begins: true, yields: ['interaction'] })
  recordIn(ledger, { begins: true, yields: ['another interaction'] })
  recordIn(ledger, { by: ['interaction'], yields: ['code'] })
  recordIn(ledger, { by: ['code'], yields: ['token'] })
  recordIn(ledger, { by: ['unknown', 'token'] })
  const [first, other, ...rest] = flowsOf(ledger)
  t.same(rest, [first, first, first])
  t.not(other, first)
  t.equal(ledger.query({ flow: first! }).count, 4)
})

t.test('begins a flow with each authorization request, whatever it has in common with another', async t => {
  const ledger = new Ledger()
  const request = { begins: true, learns: { state: 'the-same' } }
  recordIn(ledger, request)
  recordIn(ledger, request)
  const [first, second] = flowsOf(ledger)
  t.ok(first)
  t.not(first, second)
  t.equal(ledger.query({ state: 'the-same' }).count, 2)
})

t.test('has no flow for what leads to none', async t => {
  const ledger = new Ledger()
  recordIn(ledger, { by: ['an invented code'] })
  recordIn(ledger, {})
  t.same(flowsOf(ledger), [undefined, undefined])
})

t.test('lets every exchange of a flow say who it turned out to be about', async t => {
  const ledger = new Ledger()
  recordIn(ledger, { begins: true, yields: ['a'], learns: { state: 'the-state' } }, { client_id: 'shop', endpoint: 'authorization' })
  recordIn(ledger, { by: ['a'], yields: ['b'] }, { username: 'bob', endpoint: 'sign_in', status: 422 })
  recordIn(ledger, { by: ['a'], yields: ['b'], learns: { sid: 'sid-of-shop' } }, { username: 'alice', session: 's1' })
  recordIn(ledger, { by: ['b'] }, { endpoint: 'token' })

  t.same(ledger.query().entries.map(({ client_id: client, username, session }) => [client, username, session]), [
    ['shop', 'alice', 's1'], ['shop', 'bob', 's1'], ['shop', 'alice', 's1'], ['shop', 'alice', 's1']
  ])
  t.equal(ledger.query({ username: 'alice', endpoint: 'authorization' }).count, 1)
  t.equal(ledger.query({ state: 'the-state' }).count, 4)
  t.equal(ledger.query({ session: 'sid-of-shop' }).count, 4, 'by the sid that the client knows')
})

t.test('joins the flows of all clients by the session', async t => {
  const ledger = new Ledger()
  recordIn(ledger, { begins: true, learns: { sid: 'sid-of-shop' } }, { client_id: 'shop', session: 's1' })
  recordIn(ledger, { begins: true, learns: { sid: 'sid-of-chat' } }, { client_id: 'chat', session: 's1' })
  recordIn(ledger, { begins: true, learns: { sid: 'sid-of-other' } }, { client_id: 'shop', session: 's2' })
  for (const session of ['s1', 'sid-of-shop', 'sid-of-chat']) {
    t.same(ledger.query({ session }).entries.map(entry => entry.client_id), ['shop', 'chat'], session)
  }
})

t.test('holds keys no longer than the exchanges that had them, and those of a long flow as long as they are used', async t => {
  const flows = new Flows()
  const exchange = () => ({ keys: [] as string[] })
  const first = exchange()
  const second = exchange()
  const begun = flows.join(first, { begins: true, yields: ['code', 'refresh token'] })
  const used = flows.join(second, { by: ['refresh token'] })
  t.equal(used.flow, begun.flow)

  flows.release(first, begun.keys)
  t.equal(flows.join(exchange(), { by: ['code'] }).flow, undefined)
  t.equal(flows.join(exchange(), { by: ['refresh token'] }).flow, begun.flow)
  t.equal(flows.size, 1)
})

t.test('keeps together what follows where the beginning has been forgotten', async t => {
  const ledger = new Ledger()
  recordIn(ledger, { begins: true, yields: ['refresh token'] })
  await ledger.clear()
  recordIn(ledger, { by: ['refresh token'], yields: ['access token'] })
  recordIn(ledger, { by: ['access token'] })
  const [refresh, userinfo] = flowsOf(ledger)
  t.ok(refresh)
  t.equal(userinfo, refresh)
})

t.test('does not let an exchange that has to do with two flows move the keys of one to the other', async t => {
  const ledger = new Ledger()
  recordIn(ledger, { begins: true, yields: ['a'] })
  recordIn(ledger, { begins: true, yields: ['b'] })
  recordIn(ledger, { by: ['a', 'b'] })
  recordIn(ledger, { by: ['b'] })
  const [first, second, both, last] = flowsOf(ledger)
  t.equal(both, first)
  t.equal(last, second)
})

t.test('keeps only hashes of what leads to a flow', async t => {
  const flows = new Flows()
  const { keys } = flows.join({}, { begins: true, yields: ['a-secret-code'] })
  t.equal(keys.length, 1)
  t.match(keys[0], /^[\w-]{43}$/)
})
