import t from 'tap'
import { openStore } from '#lib/store.ts'
import { Faults } from '../../../services/idp/faults/faults.ts'
import { Visitor } from '../helper.ts'
import { decode, SignedIn, startFaultyIdp, withChanges } from './helper.ts'

const audOf = async (signedIn: SignedIn, client = signedIn.idp.relyingParty) =>
  decode(await signedIn.idToken(client)).payload['aud']

t.test('applies a fault as often as it is asked for', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  const alice = await SignedIn.as(idp)
  await lab.faults.switchOn('id-token-invalid-aud', { count: 2 })
  const seen = [await audOf(alice), await audOf(alice), await audOf(alice)]
  t.same(seen, ['another-client', 'another-client', 'relying-party'])
})

t.test('applies a fault until it is switched off', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  const alice = await SignedIn.as(idp)
  await lab.faults.switchOn('id-token-invalid-aud')
  t.same([await audOf(alice), await audOf(alice), await audOf(alice)], ['another-client', 'another-client', 'another-client'])
  await lab.faults.switchOff('id-token-invalid-aud')
  t.equal(await audOf(alice), 'relying-party')
})

t.test('applies a fault to the client that is meant', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  const alice = await SignedIn.as(idp)
  await lab.faults.switchOn('id-token-invalid-aud', { client: 'genesys-messenger' })
  t.equal(await audOf(alice), 'relying-party')
  t.equal(await audOf(alice, idp.genesys), 'another-client')
})

t.test('applies a fault to the user who is meant, at every endpoint that knows who it is', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  const [alice, bob] = [await SignedIn.as(idp), await SignedIn.as(idp, 'bob')]
  const scope = { user: 'bob' }

  await lab.faults.switchOn('id-token-invalid-aud', scope)
  t.same([await audOf(alice), await audOf(bob)], ['relying-party', 'another-client'], 'ID token')

  await lab.faults.switchOn('userinfo-invalid-sub', scope)
  const subOf = async (signedIn: SignedIn) => (await idp.userinfo((await signedIn.tokens()).access_token)).json().sub
  t.same([await subOf(alice) === 'another-user', await subOf(bob) === 'another-user'], [false, true], 'userinfo')

  await lab.faults.switchOn('token-endpoint-server-error', scope)
  const statusOf = async (signedIn: SignedIn) => (await signedIn.redeem()).statusCode
  t.same([await statusOf(alice), await statusOf(bob)], [200, 500], 'token endpoint')

  await lab.faults.switchOn('authorization-error-access-denied', scope)
  const errorOf = async (signedIn: SignedIn) => (await signedIn.authorize()).get('error')
  t.same([await errorOf(alice), await errorOf(bob)], [null, 'access_denied'], 'authorization response')

  await lab.faults.switchOn('end-session-server-error', scope)
  const endOf = async ({ visitor }: SignedIn) => (await visitor.open('/session/end')).status
  t.same([await endOf(alice), await endOf(bob)], [200, 500], 'end session')
})

t.test('ends a fault by itself when its time is over', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  const alice = await SignedIn.as(idp)
  const { expiresAt } = await lab.faults.switchOn('id-token-invalid-aud', { expiresIn: 30 })
  const until = Date.parse(expiresAt!)
  let now = until - 1
  t.intercept(Date, 'now', { value: () => now })
  t.equal(await audOf(alice), 'another-client', 'a moment before')
  now = until
  t.equal(await audOf(alice), 'relying-party', 'and then')
  t.same(await lab.faults.active(), [])
})

t.test('of several at one point applies the latest that fits, and those at other points as well', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  const alice = await SignedIn.as(idp)
  const clean = decode(await alice.idToken()).payload
  await lab.faults.switchOn('id-token-invalid-aud')
  await lab.faults.switchOn('id-token-invalid-iss', { count: 1 })
  await lab.faults.switchOn('id-token-missing-sub', { client: 'genesys-messenger' })
  await lab.faults.switchOn('token-endpoint-wrong-content-type')

  const untimed = ({ iat, exp, at_hash: _ofEach, ...claims }: Record<string, unknown>) => claims
  const claims = async () => {
    const response = await alice.redeem()
    t.match(response.headers['content-type'], 'text/html')
    return untimed(decode(JSON.parse(response.body).id_token).payload)
  }
  const usual = untimed(clean)
  t.same(await claims(), withChanges(usual, { iss: 'https://elsewhere.example.com' }), 'the latest, alone')
  t.same(await claims(), withChanges(usual, { aud: 'another-client' }), 'then the one before it')

  await lab.faults.switchOn('id-token-invalid-iss')
  await lab.faults.switchOn('id-token-invalid-aud')
  t.same(await claims(), withChanges(usual, { aud: 'another-client' }), 'switched on again, it is the latest')
})

t.test('finds after a restart what was switched on, and how often it was applied', async t => {
  const stateFolder = t.testdir({})
  const first = await startFaultyIdp(t, { STATE_DIR: stateFolder })
  await first.lab.faults.switchOn('token-endpoint-too-many-requests', { client: 'relying-party' })
  await first.lab.faults.switchOn('id-token-invalid-aud', { user: 'alice', count: 3, expiresIn: 600 })
  await first.lab.faults.switchOff('token-endpoint-too-many-requests')
  await first.lab.faults.switchOn('jwks-empty', { count: 1 })
  await audOf(await SignedIn.as(first.idp))
  const active = await first.lab.faults.active()
  t.match(active, [{ fault: 'id-token-invalid-aud', remaining: 2 }, { fault: 'jwks-empty', remaining: 1 }])
  await first.idp.app.close()

  const second = await startFaultyIdp(t, { STATE_DIR: stateFolder })
  t.same(await second.lab.faults.active(), active)
  const alice = await SignedIn.as(second.idp)
  t.same([await audOf(alice), await audOf(alice), await audOf(alice)], ['another-client', 'another-client', 'relying-party'])
})

t.test('changes nothing without a lab', async t => {
  const stateFolder = t.testdir({})
  const first = await startFaultyIdp(t, { STATE_DIR: stateFolder })
  await first.lab.faults.switchOn('id-token-invalid-aud')
  await first.idp.app.close()

  const { idp } = await startFaultyIdp(t, { STATE_DIR: stateFolder, LAB: 'false' })
  t.equal(await audOf(await SignedIn.as(idp)), 'relying-party')
  t.equal((await idp.app.inject('/lab/faults')).statusCode, 404)
})

t.test('counts at the same time as others, none too often', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  const visitors = await Promise.all(['alice', 'bob'].map(username => SignedIn.as(idp, username)))
  await lab.faults.switchOn('id-token-invalid-aud', { count: 3 })
  const seen = await Promise.all([...visitors, ...visitors, ...visitors].map(visitor => audOf(visitor)))
  t.equal(seen.filter(aud => aud === 'another-client').length, 3)
})

t.test('shows in the ledger which fault was applied to which exchange', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  const alice = await SignedIn.as(idp)
  await lab.faults.switchOn('id-token-invalid-aud', { count: 1 })
  await lab.faults.switchOn('authorization-response-missing-iss', { count: 1 })
  await lab.faults.switchOn('token-endpoint-server-error', { count: 1 })
  const code = (await alice.authorize()).get('code')!
  await idp.redeem(idp.relyingParty, code)
  await idp.redeem(idp.relyingParty, code)
  await new Visitor(idp).open('/jwks')
  const { entries } = await lab.ledger.query()
  t.same(entries.filter(({ faults }) => faults.length > 0).map(({ endpoint, faults }) => [endpoint, ...faults]), [
    ['authorization', 'authorization-response-missing-iss'],
    ['token', 'token-endpoint-server-error'],
    ['token', 'id-token-invalid-aud']
  ])
})

t.test('finds nothing after a restart of what was switched off or replaced', async t => {
  const store = openStore(':memory:')
  t.teardown(() => store.close())
  const faults = await Faults.open(store)
  await faults.switchOn({ fault: 'jwks-empty' })
  await faults.switchOn({ fault: 'jwks-empty', count: 2 })
  t.match((await Faults.open(store)).active(), [{ fault: 'jwks-empty', remaining: 2 }])
  await faults.reset()
  t.same((await Faults.open(store)).active(), [])
})

t.test('keeps the faults of one issuer from every other', async t => {
  const { idp } = await startFaultyIdp(t)
  const harbour = await idp.realm('harbour')
  await harbour.lab.faults.switchOn('id-token-invalid-aud')
  t.same(await idp.lab.faults.active(), [])
  t.equal(await audOf(await SignedIn.as(idp)), 'relying-party')
  t.equal(await audOf(await SignedIn.as(harbour)), 'another-client')
})

t.test('writes what it counts in the order in which it happened', async t => {
  const store = openStore(':memory:')
  t.teardown(() => store.close())
  const faults = await Faults.open(store)
  const { id } = await faults.switchOn({ fault: 'jwks-empty', count: 5 })
  faults.take('jwks', {})
  await faults.switchOff(id)
  t.same((await Faults.open(store)).active(), [], 'a count that is written late does not switch it on again')
})
