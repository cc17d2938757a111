import t from 'tap'
import { Flows } from '#lib/flows.ts'
import { createLedger, type Ledger, type Recording } from '#lib/ledger.ts'

function record (ledger: Ledger, correlation: Recording['correlation'], changes: Partial<Recording> = {}) {
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
    ...(correlation && { correlation }),
    ...changes
  })
}

const flowsOf = (ledger: Ledger, query = {}) => ledger.query(query).entries.map(entry => entry.flow)

t.test('follows an authorization request from key to key', async t => {
  const ledger = createLedger()
  record(ledger, { begins: true, yields: ['interaction'] })
  record(ledger, { begins: true, yields: ['another interaction'] })
  record(ledger, { by: ['interaction'], yields: ['code'] })
  record(ledger, { by: ['code'], yields: ['token'] })
  record(ledger, { by: ['unknown', 'token'] })
  const [first, other, ...rest] = flowsOf(ledger)
  t.same(rest, [first, first, first])
  t.not(other, first)
  t.equal(ledger.query({ flow: first! }).count, 4)
})

t.test('begins a flow with each authorization request, whatever it has in common with another', async t => {
  const ledger = createLedger()
  const request = { begins: true, learns: { state: 'the-same' } }
  record(ledger, request)
  record(ledger, request)
  const [first, second] = flowsOf(ledger)
  t.ok(first)
  t.not(first, second)
  t.equal(ledger.query({ state: 'the-same' }).count, 2)
})

t.test('has no flow for what leads to none', async t => {
  const ledger = createLedger()
  record(ledger, { by: ['an invented code'] })
  record(ledger, {})
  t.same(flowsOf(ledger), [undefined, undefined])
})

t.test('lets every exchange of a flow say who it turned out to be about', async t => {
  const ledger = createLedger()
  record(ledger, { begins: true, yields: ['a'], learns: { state: 'the-state' } }, { client: 'shop', endpoint: 'authorization' })
  record(ledger, { by: ['a'], yields: ['b'] }, { user: 'bob', endpoint: 'sign-in', status: 422 })
  record(ledger, { by: ['a'], yields: ['b'], learns: { sid: 'sid-of-shop' } }, { user: 'alice', session: 's1' })
  record(ledger, { by: ['b'] }, { endpoint: 'token' })

  t.same(ledger.query().entries.map(({ client, user, session }) => [client, user, session]), [
    ['shop', 'alice', 's1'], ['shop', 'bob', 's1'], ['shop', 'alice', 's1'], ['shop', 'alice', 's1']
  ])
  t.equal(ledger.query({ user: 'alice', endpoint: 'authorization' }).count, 1)
  t.equal(ledger.query({ state: 'the-state' }).count, 4)
  t.equal(ledger.query({ session: 'sid-of-shop' }).count, 4, 'by the sid that the client knows')
})

t.test('joins the flows of all clients by the session', async t => {
  const ledger = createLedger()
  record(ledger, { begins: true, learns: { sid: 'sid-of-shop' } }, { client: 'shop', session: 's1' })
  record(ledger, { begins: true, learns: { sid: 'sid-of-chat' } }, { client: 'chat', session: 's1' })
  record(ledger, { begins: true, learns: { sid: 'sid-of-other' } }, { client: 'shop', session: 's2' })
  for (const session of ['s1', 'sid-of-shop', 'sid-of-chat']) {
    t.same(ledger.query({ session }).entries.map(entry => entry.client), ['shop', 'chat'], session)
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
  const ledger = createLedger()
  record(ledger, { begins: true, yields: ['refresh token'] })
  ledger.clear()
  record(ledger, { by: ['refresh token'], yields: ['access token'] })
  record(ledger, { by: ['access token'] })
  const [refresh, userinfo] = flowsOf(ledger)
  t.ok(refresh)
  t.equal(userinfo, refresh)
})

t.test('does not let an exchange that has to do with two flows move the keys of one to the other', async t => {
  const ledger = createLedger()
  record(ledger, { begins: true, yields: ['a'] })
  record(ledger, { begins: true, yields: ['b'] })
  record(ledger, { by: ['a', 'b'] })
  record(ledger, { by: ['b'] })
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
