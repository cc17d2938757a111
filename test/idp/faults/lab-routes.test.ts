import t from 'tap'
import { catalogue } from '../../../services/idp/faults/catalogue.ts'
import { refusalOf } from '../helper.ts'
import { startFaultyIdp, type FaultyIdp } from './helper.ts'

t.test('lists the catalogue, with how each fault is switched on', async t => {
  const { lab } = await startFaultyIdp(t)
  await lab.faults.switchOn('id-token-expired', { user: 'bob', count: 2, parameters: { seconds: 5 } })
  await lab.faults.switchOn('id-token-expired', { user: 'alice' })
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
    scopes: ['client', 'user']
  })
  t.match(parameters, { type: 'object', properties: { seconds: { type: 'integer', default: 3600 } } }, 'a JSON Schema')
  t.match(active, [
    { fault: 'id-token-expired', user: 'bob', remaining: 2, parameters: { seconds: 5 } },
    { fault: 'id-token-expired', user: 'alice', parameters: { seconds: 3600 } }
  ])
  t.same(listed.filter(({ active }) => active.length > 0).map(({ name }) => name), ['id-token-expired'])
  t.equal(listed.find(({ name }) => name === 'id-token-invalid-iss')!.conformance, 'oidcc-client-test-invalid-iss')
})

t.test('replaces what was said before about the same fault, client and user', async t => {
  const { lab } = await startFaultyIdp(t)
  await lab.faults.switchOn('id-token-expired', { user: 'bob', count: 2 })
  await lab.faults.switchOn('id-token-expired', { count: 3 })
  const again = await lab.faults.switchOn('id-token-expired', { user: 'bob', count: 1 })
  const active = await lab.faults.active()
  t.match(active, [{ remaining: 3 }, { user: 'bob', remaining: 1 }])
  t.same(active[1], again)
})

t.test('switches a fault on by a call without a body', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  const { statusCode } = await idp.app.inject({ method: 'PUT', url: `${idp.config.issuer}/lab/faults/jwks-empty` })
  t.equal(statusCode, 200)
  t.match(await lab.faults.active(), [{ fault: 'jwks-empty', parameters: {} }])
})

t.test('takes a user by the name that one types at sign-in', async t => {
  const { lab } = await startFaultyIdp(t)
  t.match(await lab.faults.switchOn('id-token-expired', { user: ' Alice' }), { user: 'alice' })
})

t.test('switches off one fault, for everybody or for those that are meant, or all', async t => {
  const { lab } = await startFaultyIdp(t)
  const on = async () =>
    (await lab.faults.active()).map(({ fault, client, user }) => [fault, client, user].filter(Boolean).join(' '))
  const scopes = [{}, { client: 'relying-party' }, { user: 'bob' }, { client: 'relying-party', user: 'bob' }]
  for (const scope of scopes) await lab.faults.switchOn('id-token-expired', scope)
  await lab.faults.switchOn('jwks-empty')

  await lab.faults.switchOff('id-token-expired', { client: 'relying-party', user: 'bob' })
  t.same(await on(), ['id-token-expired', 'id-token-expired relying-party', 'id-token-expired bob', 'jwks-empty'])
  await lab.faults.switchOff('id-token-expired', { user: 'bob' })
  t.same(await on(), ['id-token-expired', 'id-token-expired relying-party', 'jwks-empty'])
  await lab.faults.switchOff('id-token-expired')
  t.same(await on(), ['jwks-empty'])
  await lab.faults.switchOff('id-token-expired')
  await lab.faults.reset()
  t.same(await on(), [])
})

t.test('puts faults back with everything else', async t => {
  const { lab } = await startFaultyIdp(t)
  await lab.faults.switchOn('jwks-empty')
  await lab.reset()
  t.same(await lab.faults.active(), [])
})

type Ask = (faults: FaultyIdp['lab']['faults']) => Promise<unknown>

const unknown: [string, Ask, RegExp][] = [
  ['a fault that does not exist', faults => faults.switchOn('id-token-expire'), /no fault id-token-expire: .* id-token-expired,/],
  ['a name that is like no other', faults => faults.switchOn('xyz'), /GET \/lab\/faults lists all/],
  ['to switch off a fault that does not exist', faults => faults.switchOff('xyz'), /there is no fault xyz/]
]

const impossible: [string, Ask, RegExp][] = [
  ['a client that does not exist', faults => faults.switchOn('id-token-expired', { client: 'nobody' }), /no client nobody/],
  ['a user who does not exist', faults => faults.switchOn('id-token-expired', { user: 'nobody' }), /no user nobody/],
  ['a scope that it cannot have', faults => faults.switchOn('jwks-empty', { user: 'alice' }), /cannot be limited to a user/],
  ['a count of 0', faults => faults.switchOn('jwks-empty', { count: 0 }), /count/],
  ['half a count', faults => faults.switchOn('jwks-empty', { count: 1.5 }), /count/],
  ['an end that is over', faults => faults.switchOn('jwks-empty', { expiresIn: 0 }), /expiresIn/],
  ['parameters of a fault that has none', faults => faults.switchOn('jwks-empty', slow(1)), /jwks-empty has no parameters/],
  ['a parameter that the fault does not have', faults => faults.switchOn('id-token-expired', slow(1)), /\(seconds\).*additional/],
  ['a parameter out of range', faults => faults.switchOn('jwks-slow', slow(61)), /delaySeconds must be <= 60/],
  ['a parameter of another type', faults => faults.switchOn('jwks-slow', slow('1')), /delaySeconds must be number/],
  ['a member that means nothing', faults => faults.switchOn('jwks-empty', { times: 1 } as object), /times/]
]

function slow (delaySeconds: unknown) {
  return { parameters: { delaySeconds } }
}

const wrong = [...unknown.map(row => [404, ...row] as const), ...impossible.map(row => [400, ...row] as const)]
for (const [status, label, ask, why] of wrong) {
  t.test(`refuses ${label}, and says why`, async t => {
    const { lab } = await startFaultyIdp(t)
    const refused = await refusalOf(ask(lab.faults))
    t.equal(refused.status, status)
    t.match(refused.description, why)
    t.type(refused.error, 'string')
    t.same(await lab.faults.active(), [])
  })
}

interface OpenApi { paths: Record<string, Record<string, { summary?: string, tags?: string[] }>> }

t.test('has a description of every call', async t => {
  const { idp } = await startFaultyIdp(t)
  const { paths } = (await idp.app.inject(`${idp.config.issuer}/lab/openapi.json`)).json() as OpenApi
  const calls = Object.entries(paths).filter(([path]) => path.startsWith('/lab/faults'))
    .flatMap(([path, methods]) => Object.entries(methods).map(([method, call]) => ({ call: `${method} ${path}`, ...call })))
  t.same(calls.map(({ call }) => call).sort(), [
    'delete /lab/faults', 'delete /lab/faults/{name}', 'get /lab/faults', 'get /lab/faults/active', 'put /lab/faults/{name}'
  ])
  for (const { call, summary, tags } of calls) t.match({ summary, tags }, { summary: /./, tags: ['Faults'] }, call)
})
