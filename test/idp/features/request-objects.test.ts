import { UnsecuredJWT } from 'jose'
import t, { type Test } from 'tap'
import type { RegisteredClient } from '../../../services/idp/clients.ts'
import { codeChallenge, refusalOf, startIdp, Visitor, type Idp } from '../helper.ts'
import { credentialsOf, discover, makeClientKey, postForm, registerShop, sign, type ClientKey } from './helper.ts'

const claims = (client: RegisteredClient) => ({
  client_id: client.client_id,
  redirect_uri: client.redirect_uris[0],
  response_type: 'code',
  scope: 'openid email',
  state: 'state-of-the-object',
  code_challenge: codeChallenge,
  code_challenge_method: 'S256'
})

const request = (client: RegisteredClient, object: string, more: Record<string, string> = {}) =>
  `/auth?${new URLSearchParams({
    client_id: client.client_id, request: object, redirect_uri: client.redirect_uris[0]!, ...more
  })}`

async function start (t: Test, usage: RegisteredClient['request_objects'], alg?: string) {
  const idp = await startIdp(t)
  const key = await makeClientKey(alg)
  return { idp, key, shop: await registerShop(idp, { request_objects: usage, jwks: { keys: [{ ...key.jwk }] } }) }
}

t.test('refuses a request object of a client that does not use them, and tells the client', async t => {
  const { idp, shop, key } = await start(t, 'off')
  const { location } = await new Visitor(idp).open(request(shop, await sign(idp, shop, key, claims(shop)), { state: 'the-state' }))
  t.match(Object.fromEntries(location!.searchParams), { error: 'request_not_supported', state: 'the-state', iss: idp.config.issuer })
})

t.test('refuses it also where it is pushed', async t => {
  const { idp, shop, key } = await start(t, 'off')
  await idp.lab.clients.patch('shop', { pushed_authorization_requests: 'allowed' })
  const response = await postForm(idp, '/request', { ...credentialsOf(shop), request: await sign(idp, shop, key, claims(shop)) })
  t.match([response.statusCode, response.json().error], [400, 'request_not_supported'])
})

for (const alg of ['RS256', 'ES256', 'PS256', 'EdDSA']) {
  t.test(`goes by what a client has signed with ${alg}, and by nothing beside it`, async t => {
    const { idp, shop, key } = await start(t, 'allowed', alg)
    const visitor = new Visitor(idp)
    const url = request(shop, await sign(idp, shop, key, claims(shop)), {
      scope: 'openid profile email', state: 'the-state', response_type: 'code'
    })
    const { location } = await visitor.submit(await visitor.open(url), { username: 'alice', password: 'alice-lab' }, 'Sign in')
    t.equal(location?.searchParams.get('state'), 'state-of-the-object')
    t.equal((await idp.redeem(shop, location!.searchParams.get('code')!)).json().scope, 'openid email')
  })
}

const bad: [string, (idp: Idp, shop: RegisteredClient, key: ClientKey) => string | Promise<string>][] = [
  ['without a signature', (idp, shop) => new UnsecuredJWT({ ...claims(shop), iss: 'shop', aud: idp.config.issuer }).encode()],
  [
    'signed with a key that is not the client\'s',
    async (idp, shop) => await sign(idp, shop, await makeClientKey(), claims(shop))
  ],
  ['for another provider', (idp, shop, key) => sign(idp, shop, key, { ...claims(shop), aud: 'https://other.example' })],
  ['of another client', (idp, shop, key) => sign(idp, shop, key, { ...claims(shop), client_id: 'relying-party' })],
  ['by another issuer', (idp, shop, key) => sign(idp, shop, key, { ...claims(shop), iss: 'relying-party' })],
  ['that is no JWT', () => 'e30.e30.']
]
for (const [label, make] of bad) {
  t.test(`refuses a request object ${label}`, async t => {
    const { idp, shop, key } = await start(t, 'allowed')
    const { location, status, $ } = await new Visitor(idp).open(request(shop, await make(idp, shop, key), { response_type: 'code' }))
    t.equal(location?.searchParams.get('error') ?? $('.facts code').text(), 'invalid_request_object', String(status))
  })
}

t.test('demands one of a client that has to use them, pushed or not', async t => {
  const { idp, shop, key } = await start(t, 'required')
  const { location } = await new Visitor(idp).open(idp.authorizationRequest(shop))
  t.match(Object.fromEntries(location!.searchParams), { error: 'invalid_request', error_description: /Request Object must be used/ })
  const page = await new Visitor(idp).open(request(shop, await sign(idp, shop, key, claims(shop))))
  t.equal(page.$('#password').length, 1)
})

t.test('takes a pushed request object of a client that has to use both', async t => {
  const { idp, shop, key } = await start(t, 'required')
  await idp.lab.clients.patch('shop', { pushed_authorization_requests: 'required' })
  const plain = await postForm(idp, '/request', { ...credentialsOf(shop), ...claims(shop) as Record<string, string> })
  t.match([plain.statusCode, plain.json().error], [400, 'invalid_request'])
  const pushed = await postForm(idp, '/request', { ...credentialsOf(shop), request: await sign(idp, shop, key, claims(shop)) })
  t.equal(pushed.statusCode, 201)
  const page = await new Visitor(idp).open(`/auth?${new URLSearchParams({
    client_id: 'shop', request_uri: pushed.json().request_uri
  })}`)
  t.equal(page.$('#password').length, 1)
})

t.test('registers no client for request objects that nobody could check', async t => {
  const idp = await startIdp(t)
  t.match(await refusalOf(registerShop(idp, { request_objects: 'allowed' })), { status: 400, description: /jwks is mandatory/ })
  const { jwk } = await makeClientKey()
  const withPrivateHalf = registerShop(idp, { request_objects: 'allowed', jwks: { keys: [{ ...jwk, d: 'a-private-half' }] } })
  t.match(await refusalOf(withPrivateHalf), { status: 400, description: /JSON Web Key Set/ })
})

t.test('announces them as soon as a client uses them', async t => {
  const { idp, shop } = await start(t, 'off')
  t.notOk('request_parameter_supported' in await discover(idp))
  await idp.lab.clients.patch(shop.client_id, { request_objects: 'allowed' })
  t.match(await discover(idp), {
    request_parameter_supported: true, request_object_signing_alg_values_supported: ['RS256', 'ES256', 'PS256', 'EdDSA']
  })
})
