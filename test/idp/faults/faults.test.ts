import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { catalogue, findFault } from '../../../services/idp/faults/catalogue.ts'
import { groups } from '../../../services/idp/faults/fault.ts'
import { ActiveFaults } from '../../../services/idp/faults/active-faults.ts'
import type { ControlApiClient } from '../../../services/idp/control-api/control-api-client.ts'
import { refusalOf, startIdp, Visitor } from '../helper.ts'
import { decode, SignedIn, withChanges } from './helper.ts'
import { newStore } from '../../helpers/new-store.ts'

const idp = await startIdp(t)

t.test('says of every fault what it does, what a correct relying party must do, and where that is said', async t => {
  for (const { name, title, does, mustDo, specification, conformance, scopes, group } of catalogue) {
    t.match(name, /^[a-z0-9]+(-[a-z0-9]+)+$/, name)
    for (const [field, text] of Object.entries({ title, does, mustDo })) t.match(text, /^\S.{9,}\S$/, `${name}: ${field}`)
    t.match(mustDo, /^[A-Z].*\.$/, `${name}: mustDo is a sentence`)
    t.match(specification.section, /^(OpenID Connect|RFC) .*\d/, `${name}: names a section`)
    t.match(specification.url, /^https:\/\/(openid\.net\/specs\/[\w-]+\.html|www\.rfc-editor\.org\/rfc\/rfc\d+)#[\w.-]+$/, name)
    if (conformance !== undefined) t.match(conformance, /^oidcc-client-test-[a-z0-9-]+$/, `${name}: names a module`)
    const anonymous = group === 'discovery' || (group === 'jwks' && !name.startsWith('jwks-rotated'))
    t.same(scopes, anonymous ? [] : ['client_id', 'username'], `${name}: can be limited to whom the request tells of`)
  }
})

t.test('has each name once', async t => {
  t.equal(new Set(catalogue.map(({ name }) => name)).size, catalogue.length)
  for (const fault of catalogue) t.equal(findFault(fault.name), fault)
})

t.test('has faults in every group, and a test for each of them', async t => {
  const tests = readdirSync(import.meta.dirname).map(file => readFileSync(join(import.meta.dirname, file), 'utf8')).join()
  for (const group of Object.keys(groups)) {
    t.ok(catalogue.some(fault => fault.group === group), group)
    t.match(tests, `proveGroup(t, idp, '${group}'`, `${group} has a table, and a fault that is in none fails there`)
  }
})

// The modules of the plans for relying parties (Basic, Config, Refresh, RP-initiated and Back-Channel Logout) that send
// something else than a provider should, or what a relying party may stumble over.
// https://gitlab.com/openid/conformance-suite/-/tree/master/src/main/java/net/openid/conformance/openid/client
const modules = [
  'invalid-iss', 'missing-sub', 'invalid-aud', 'missing-aud', 'missing-iat', 'kid-absent-single-jwks', 'kid-absent-multiple-jwks',
  'idtoken-sig-none', 'invalid-sig-rs256', 'invalid-sig-es256', 'invalid-sig-hs256', 'userinfo-invalid-sub', 'nonce-invalid',
  'discovery-issuer-mismatch', 'signing-key-rotation', 'signing-key-rotation-just-before-signing',
  'ignores-unparseable-key-in-jwks',
  'refresh-token-invalid-issuer', 'refresh-token-invalid-aud', 'refresh-token-invalid-azp', 'refresh-token-invalid-sub',
  'rp-init-logout-no-state', 'rp-init-logout-other-state',
  ...['alg-none', 'wrong-alg', 'wrong-iss', 'wrong-aud', 'no-event', 'wrong-event', 'with-nonce']
    .map(name => `rp-backchannel-rpinitlogout-${name}`)
]

t.test('has a fault for every module of the conformance suite that spoils something', async t => {
  const named = catalogue.flatMap(({ conformance }) => conformance ?? [])
  t.same(named.sort(), modules.map(name => `oidcc-client-test-${name}`).sort())
})

const meant = [
  ['id-token-expird', /did you mean id-token-expired\?/],
  ['ID_TOKEN_EXPIRED', /did you mean id-token-expired\?/],
  ['oidcc-client-test-missing-sub', /did you mean id-token-missing-sub\?/],
  ['id-token-wrong-nonce', /did you mean id-token-invalid-nonce or id-token-missing-nonce/],
  ['jwks', /did you mean jwks-/],
  ['xyz', /there is no fault xyz; GET \/lab\/faults lists all/]
] as const
for (const [name, says] of meant) {
  t.test(`says of ${name}, which is no fault, what may have been meant`, async t => {
    t.match(await refusalOf(idp.lab.faults.switchOn(name)), { status: 404, error: 'not_found', description: says })
  })
}

t.test('says of a client and of a user that there are not which may have been meant', async t => {
  t.match(await refusalOf(idp.lab.faults.switchOn('id-token-expired', { client_id: 'relying-pary' })), {
    status: 400, description: 'there is no client relying-pary; did you mean relying-party?'
  })
  t.match(await refusalOf(idp.lab.faults.switchOn('id-token-expired', { username: 'alcie' })), {
    status: 400, description: 'there is no user alcie; did you mean alice?'
  })
})

const audOf = async (signedIn: SignedIn, client = signedIn.idp.relyingParty) =>
  decode(await signedIn.idToken(client)).payload['aud']

t.test('applies a fault as often as it is asked for', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  const alice = await SignedIn.as(realm)
  await lab.faults.switchOn('id-token-invalid-aud', { count: 2 })
  const seen = [await audOf(alice), await audOf(alice), await audOf(alice)]
  t.same(seen, ['another-client', 'another-client', 'relying-party'])
})

t.test('applies a fault until it is switched off', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  const alice = await SignedIn.as(realm)
  await lab.faults.switchOn('id-token-invalid-aud')
  t.same([await audOf(alice), await audOf(alice), await audOf(alice)], ['another-client', 'another-client', 'another-client'])
  await lab.faults.switchOff('id-token-invalid-aud')
  t.equal(await audOf(alice), 'relying-party')
})

t.test('applies a fault to the client that is meant', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  const alice = await SignedIn.as(realm)
  await lab.faults.switchOn('id-token-invalid-aud', { client_id: 'genesys-messenger' })
  t.equal(await audOf(alice), 'relying-party')
  t.equal(await audOf(alice, realm.genesys), 'another-client')
})

t.test('applies a fault to the user who is meant, at every endpoint that knows who it is', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  const [alice, bob] = [await SignedIn.as(realm), await SignedIn.as(realm, 'bob')]
  const scope = { username: 'bob' }

  await lab.faults.switchOn('id-token-invalid-aud', scope)
  t.same([await audOf(alice), await audOf(bob)], ['relying-party', 'another-client'], 'ID token')

  await lab.faults.switchOn('userinfo-invalid-sub', scope)
  const subOf = async (signedIn: SignedIn) => (await realm.userinfo((await signedIn.tokens()).access_token)).json().sub
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
  const realm = await idp.newRealm()
  const { lab } = realm
  const alice = await SignedIn.as(realm)
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
  const realm = await idp.newRealm()
  const { lab } = realm
  const alice = await SignedIn.as(realm)
  const clean = decode(await alice.idToken()).payload
  await lab.faults.switchOn('id-token-invalid-aud')
  await lab.faults.switchOn('id-token-invalid-iss', { count: 1 })
  await lab.faults.switchOn('id-token-missing-sub', { client_id: 'genesys-messenger' })
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
  const first = await startIdp(t, { STATE_DIR: stateFolder })
  await first.lab.faults.switchOn('token-endpoint-too-many-requests', { client_id: 'relying-party' })
  await first.lab.faults.switchOn('id-token-invalid-aud', { username: 'alice', count: 3, expiresIn: 600 })
  await first.lab.faults.switchOff('token-endpoint-too-many-requests')
  await first.lab.faults.switchOn('jwks-empty', { count: 1 })
  await audOf(await SignedIn.as(first))
  const active = await first.lab.faults.active()
  t.match(active, [{ fault: 'id-token-invalid-aud', remaining: 2 }, { fault: 'jwks-empty', remaining: 1 }])
  await first.app.close()

  const second = await startIdp(t, { STATE_DIR: stateFolder })
  t.same(await second.lab.faults.active(), active)
  const alice = await SignedIn.as(second)
  t.same([await audOf(alice), await audOf(alice), await audOf(alice)], ['another-client', 'another-client', 'relying-party'])
})

t.test('changes nothing without a lab', async t => {
  const stateFolder = t.testdir({})
  const first = await startIdp(t, { STATE_DIR: stateFolder })
  await first.lab.faults.switchOn('id-token-invalid-aud')
  await first.app.close()

  const outside = await startIdp(t, { STATE_DIR: stateFolder, LAB: 'false' })
  t.equal(await audOf(await SignedIn.as(outside)), 'relying-party')
  t.equal((await outside.get('/lab/faults')).statusCode, 404)
})

t.test('counts at the same time as others, none too often', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  const visitors = await Promise.all(['alice', 'bob'].map(username => SignedIn.as(realm, username)))
  await lab.faults.switchOn('id-token-invalid-aud', { count: 3 })
  const seen = await Promise.all([...visitors, ...visitors, ...visitors].map(visitor => audOf(visitor)))
  t.equal(seen.filter(aud => aud === 'another-client').length, 3)
})

t.test('shows in the ledger which fault was applied to which exchange', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  const alice = await SignedIn.as(realm)
  await lab.faults.switchOn('id-token-invalid-aud', { count: 1 })
  await lab.faults.switchOn('authorization-response-missing-iss', { count: 1 })
  await lab.faults.switchOn('token-endpoint-server-error', { count: 1 })
  const code = (await alice.authorize()).get('code')!
  await realm.redeem(realm.relyingParty, code)
  await realm.redeem(realm.relyingParty, code)
  await new Visitor(realm).open('/jwks')
  const { entries } = await lab.ledger.query()
  t.same(entries.filter(({ faults }) => faults.length > 0).map(({ endpoint, faults }) => [endpoint, ...faults]), [
    ['authorization', 'authorization-response-missing-iss'],
    ['token', 'token-endpoint-server-error'],
    ['token', 'id-token-invalid-aud']
  ])
})

t.test('finds nothing after a restart of what was switched off or replaced', async t => {
  const store = await newStore(t)
  const faults = await ActiveFaults.open(store)
  await faults.switchOn({ fault: 'jwks-empty' })
  await faults.switchOn({ fault: 'jwks-empty', count: 2 })
  t.match((await ActiveFaults.open(store)).active(), [{ fault: 'jwks-empty', remaining: 2 }])
  await faults.reset()
  t.same((await ActiveFaults.open(store)).active(), [])
})

t.test('keeps the faults of one issuer from every other', async t => {
  const [realm, harbour] = [await idp.newRealm(), await idp.newRealm()]
  await harbour.lab.faults.switchOn('id-token-invalid-aud')
  t.same(await realm.lab.faults.active(), [])
  t.equal(await audOf(await SignedIn.as(realm)), 'relying-party')
  t.equal(await audOf(await SignedIn.as(harbour)), 'another-client')
})

t.test('writes what it counts in the order in which it happened', async t => {
  const store = await newStore(t)
  const faults = await ActiveFaults.open(store)
  const { id } = await faults.switchOn({ fault: 'jwks-empty', count: 5 })
  faults.take('jwks', {})
  await faults.switchOff(id)
  t.same((await ActiveFaults.open(store)).active(), [], 'a count that is written late does not switch it on again')
})

t.test('lists the catalogue, with how each fault is switched on', async t => {
  const { lab } = await idp.newRealm()
  await lab.faults.switchOn('id-token-expired', { username: 'bob', count: 2, parameters: { seconds: 5 } })
  await lab.faults.switchOn('id-token-expired', { username: 'alice' })
  const listed = await lab.faults.catalogue()
  t.same(listed.map(({ name }) => name), catalogue.map(({ name }) => name))

  const { active, parameters, ...expired } = listed.find(({ name }) => name === 'id-token-expired')!
  t.same(expired, {
    name: 'id-token-expired',
    group: 'id-token',
    title: 'ID token that has expired',
    does: 'exp lies as many seconds before iat as the parameter says; correctly signed',
    mustDo: 'Refuse an ID token at or after exp; a leeway for clocks is a few minutes at most.',
    outcome: 'refuse',
    specification: {
      section: 'OpenID Connect Core 1.0, 3.1.3.7, step 9',
      url: 'https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation'
    },
    scopes: ['client_id', 'username']
  })
  t.match(parameters, { type: 'object', properties: { seconds: { type: 'integer', default: 3600 } } }, 'a JSON Schema')
  t.match(active, [
    { fault: 'id-token-expired', username: 'bob', remaining: 2, parameters: { seconds: 5 } },
    { fault: 'id-token-expired', username: 'alice', parameters: { seconds: 3600 } }
  ])
  t.same(listed.filter(({ active }) => active.length > 0).map(({ name }) => name), ['id-token-expired'])
  t.equal(listed.find(({ name }) => name === 'id-token-invalid-iss')!.conformance, 'oidcc-client-test-invalid-iss')
})

t.test('replaces what was said before about the same fault, client and user', async t => {
  const { lab } = await idp.newRealm()
  await lab.faults.switchOn('id-token-expired', { username: 'bob', count: 2 })
  await lab.faults.switchOn('id-token-expired', { count: 3 })
  const again = await lab.faults.switchOn('id-token-expired', { username: 'bob', count: 1 })
  const active = await lab.faults.active()
  t.match(active, [{ remaining: 3 }, { username: 'bob', remaining: 1 }])
  t.same(active[1], again)
})

t.test('switches a fault on by a call without a body', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  const { statusCode } = await realm.app.inject({ method: 'PUT', url: `${realm.issuer}/lab/faults/jwks-empty` })
  t.equal(statusCode, 200)
  t.match(await lab.faults.active(), [{ fault: 'jwks-empty', parameters: {} }])
})

t.test('takes a user by the name that one types at sign-in', async t => {
  const { lab } = await idp.newRealm()
  t.match(await lab.faults.switchOn('id-token-expired', { username: ' Alice' }), { username: 'alice' })
})

t.test('switches off one fault, for everybody or for those that are meant, or all', async t => {
  const { lab } = await idp.newRealm()
  const on = async () =>
    (await lab.faults.active()).map(({ fault, client_id: client, username }) => [fault, client, username].filter(Boolean).join(' '))
  const scopes = [{}, { client_id: 'relying-party' }, { username: 'bob' }, { client_id: 'relying-party', username: 'bob' }]
  for (const scope of scopes) await lab.faults.switchOn('id-token-expired', scope)
  await lab.faults.switchOn('jwks-empty')

  await lab.faults.switchOff('id-token-expired', { client_id: 'relying-party', username: 'bob' })
  t.same(await on(), ['id-token-expired', 'id-token-expired relying-party', 'id-token-expired bob', 'jwks-empty'])
  await lab.faults.switchOff('id-token-expired', { username: 'bob' })
  t.same(await on(), ['id-token-expired', 'id-token-expired relying-party', 'jwks-empty'])
  await lab.faults.switchOff('id-token-expired')
  t.same(await on(), ['jwks-empty'])
  await lab.faults.switchOff('id-token-expired')
  await lab.faults.reset()
  t.same(await on(), [])
})

t.test('says of a fault that cannot show yet why, until it can', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  const reasonOf = async (fault: string, options = {}) => (await lab.faults.switchOn(fault, options)).cannotShowYet
  t.equal(await reasonOf('jwks-empty'), undefined, 'nobody has asked for the keys')
  t.equal(await reasonOf('discovery-html'), undefined)
  await lab.faults.reset()
  await realm.get('/jwks')
  await realm.get('/.well-known/openid-configuration')
  t.match(await reasonOf('jwks-empty'), /^The keys were asked for already, last at .*keep the keys: .*POST \/lab\/keys\/rotate/)
  t.match(await reasonOf('discovery-html'), /^The document was asked for already.*when one asks again/)
  await lab.keys.rotate()
  t.equal((await lab.faults.active())[0]!.cannotShowYet, undefined, 'a key that nobody knows makes clients ask')

  const client = { client_id: 'genesys-messenger' }
  t.match(await reasonOf('logout-token-alg-none', client), 'genesys-messenger has no backchannel_logout_uri')
  t.match(await reasonOf('end-session-invalid-state', client), 'genesys-messenger has no post_logout_redirect_uris')
  t.equal(await reasonOf('logout-token-alg-none', { client_id: 'relying-party' }), undefined)
  await lab.clients.patch('relying-party', { grant_types: ['authorization_code'] })
  t.match(await reasonOf('refresh-invalid-iss', { client_id: 'relying-party' }), 'is not registered for the grant refresh_token')
  await lab.users.disable('bob')
  t.match(await reasonOf('id-token-expired', { username: 'bob' }), 'bob is disabled')
})

t.test('says of a fault that a later one takes its place', async t => {
  const { lab } = await idp.newRealm()
  await lab.faults.switchOn('id-token-expired', { username: 'alice' })
  await lab.faults.switchOn('id-token-expired', { client_id: 'relying-party' })
  await lab.faults.switchOn('id-token-invalid-aud', { username: 'alice' })
  t.match((await lab.faults.active()).map(({ cannotShowYet }) => cannotShowYet), [
    /^id-token-invalid-aud, which was switched on later/, undefined, undefined
  ])
})

t.test('puts faults back with everything else', async t => {
  const { lab } = await idp.newRealm()
  await lab.faults.switchOn('jwks-empty')
  await lab.reset()
  t.same(await lab.faults.active(), [])
})

type Ask = (faults: ControlApiClient['faults']) => Promise<unknown>

const unknown: [string, Ask, RegExp][] = [
  ['a fault that does not exist', faults => faults.switchOn('id-token-expire'), /no fault id-token-expire; did you mean id-token-expired/],
  ['a name that is like no other', faults => faults.switchOn('xyz'), /GET \/lab\/faults lists all/],
  ['to switch off a fault that does not exist', faults => faults.switchOff('xyz'), /there is no fault xyz/]
]

const impossible: [string, Ask, RegExp][] = [
  ['a client that does not exist', faults => faults.switchOn('id-token-expired', { client_id: 'nobody' }), /no client nobody/],
  ['a user who does not exist', faults => faults.switchOn('id-token-expired', { username: 'nobody' }), /no user nobody/],
  ['a scope that it cannot have', faults => faults.switchOn('jwks-empty', { username: 'alice' }), /cannot be limited by username/],
  ['a count of 0', faults => faults.switchOn('jwks-empty', { count: 0 }), /count/],
  ['half a count', faults => faults.switchOn('jwks-empty', { count: 1.5 }), /count/],
  ['an end that is over', faults => faults.switchOn('jwks-empty', { expiresIn: 0 }), /expiresIn/],
  ['parameters of a fault that has none', faults => faults.switchOn('jwks-empty', slow(1)), /^jwks-empty: parameters\.delaySeconds: there is no such name, and no other/],
  ['a parameter that the fault does not have', faults => faults.switchOn('id-token-expired', slow(1)), /delaySeconds: there is no such name; did you mean seconds/],
  ['a parameter out of range', faults => faults.switchOn('jwks-slow', slow(61)), /delaySeconds: must be at most 60/],
  ['a parameter of another type', faults => faults.switchOn('jwks-slow', slow('1')), /delaySeconds: must be a number, not a string/],
  ['a member that means nothing', faults => faults.switchOn('jwks-empty', { times: 1 } as object), /times/]
]

function slow (delaySeconds: unknown) {
  return { parameters: { delaySeconds } }
}

const wrong = [...unknown.map(row => [404, ...row] as const), ...impossible.map(row => [400, ...row] as const)]
for (const [status, label, ask, why] of wrong) {
  t.test(`refuses ${label}, and says why`, async t => {
    const { lab } = await idp.newRealm()
    const refused = await refusalOf(ask(lab.faults))
    t.equal(refused.status, status)
    t.match(refused.description, why)
    t.type(refused.error, 'string')
    t.same(await lab.faults.active(), [])
  })
}

interface OpenApi { paths: Record<string, Record<string, { summary?: string, tags?: string[] }>> }

t.test('has a description of every call', async t => {
  const { paths } = (await idp.get('/lab/openapi.json')).json() as OpenApi
  const calls = Object.entries(paths).filter(([path]) => path.startsWith('/lab/faults'))
    .flatMap(([path, methods]) => Object.entries(methods).map(([method, call]) => ({ call: `${method} ${path}`, ...call })))
  t.same(calls.map(({ call }) => call).sort(), [
    'delete /lab/faults', 'delete /lab/faults/{name}', 'get /lab/faults', 'get /lab/faults/active', 'put /lab/faults/{name}'
  ])
  for (const { call, summary, tags } of calls) t.match({ summary, tags }, { summary: /./, tags: ['Faults'] }, call)
})
