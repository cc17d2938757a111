import { decodeJwt, UnsecuredJWT } from 'jose'
import t from 'tap'
import type { RegisteredClient } from '../../../services/idp/clients/registered-clients.ts'
import { codeChallenge, refusalOf, startIdp, Visitor, type Idp } from '../helper.ts'
import { credentialsOf, discover, makeClientKey, postForm, registerShop, sign, type ClientKey } from './helper.ts'

const idp = await startIdp(t)

const push = (idp: Idp, client: RegisteredClient, changes: Record<string, string> = {}) => postForm(idp, '/request', {
  ...credentialsOf(client),
  redirect_uri: client.redirect_uris[0]!,
  response_type: 'code',
  scope: 'openid',
  state: 'pushed-state',
  code_challenge: codeChallenge,
  code_challenge_method: 'S256',
  ...changes
})

const goOn = (idp: Idp, client: RegisteredClient, requestUri: string, more: Record<string, string> = {}) =>
  new Visitor(idp).open(`/auth?${new URLSearchParams({
    client_id: client.client_id, request_uri: requestUri, ...more
  })}`)

t.test('refuses to push to a client that does not use it, and nothing is kept', async t => {
  const realm = await idp.newRealm()
  const response = await push(realm, await registerShop(realm))
  t.equal(response.statusCode, 400)
  t.match(response.json(), { error: 'unauthorized_client', error_description: /pushed authorization requests/ })
  const wrong = await push(realm, await registerShop(realm), { client_secret: 'not-the-secret-of-the-shop' })
  t.match([wrong.statusCode, wrong.json().error], [401, 'invalid_client'], 'and tells so only to the client itself')
})

t.test('knows no request_uri of a client that does not push', async t => {
  const realm = await idp.newRealm()
  const shop = await registerShop(realm, { pushed_authorization_requests: 'allowed' })
  const requestUri = (await push(realm, shop)).json().request_uri
  await registerShop(realm, { pushed_authorization_requests: 'off' })
  const { location, $ } = await goOn(realm, shop, requestUri, { redirect_uri: shop.redirect_uris[0]! })
  t.equal(location?.searchParams.get('error') ?? $('.facts code').text(), 'request_uri_not_supported')
})

t.test('takes pushed and other requests of a client that may push', async t => {
  const realm = await idp.newRealm()
  const shop = await registerShop(realm, { pushed_authorization_requests: 'allowed' })
  const pushed = await push(realm, shop)
  t.equal(pushed.statusCode, 201)
  t.match(pushed.json(), { request_uri: /^urn:ietf:params:oauth:request_uri:/, expires_in: 60 })
  t.equal((await goOn(realm, shop, pushed.json().request_uri)).$('#password').length, 1)
  t.equal((await new Visitor(realm).open(realm.authorizationRequest(shop))).$('#password').length, 1)
})

t.test('gives one code for a pushed request, and goes by what was pushed', async t => {
  const realm = await idp.newRealm()
  const shop = await registerShop(realm, { pushed_authorization_requests: 'allowed' })
  const requestUri = (await push(realm, shop)).json().request_uri
  const visitor = new Visitor(realm)
  const url = `/auth?${new URLSearchParams({
    client_id: 'shop', request_uri: requestUri, state: 'another-state', scope: 'openid email'
  })}`
  const { location } = await visitor.submit(await visitor.open(url), { username: 'alice', password: 'alice-lab' }, 'Sign in')
  t.equal(location?.searchParams.get('state'), 'pushed-state')
  const tokens = (await realm.redeem(shop, location!.searchParams.get('code')!)).json()
  t.equal(tokens.scope, 'openid')
  const again = await visitor.open(url)
  t.match(again.location?.searchParams.get('error') ?? again.$('.facts code').text(), 'invalid_request_uri')
})

t.test('demands it of a client that has to push', async t => {
  const realm = await idp.newRealm()
  const shop = await registerShop(realm, { pushed_authorization_requests: 'required' })
  const { location } = await new Visitor(realm).open(realm.authorizationRequest(shop))
  t.match(Object.fromEntries(location!.searchParams), {
    error: 'invalid_request', error_description: /Pushed Authorization Request must be used/
  })
  t.equal((await goOn(realm, shop, (await push(realm, shop)).json().request_uri)).$('#password').length, 1)
})

t.test('announces it as soon as a client uses it, in that realm alone', async t => {
  const [realm, other] = [await idp.newRealm(), await idp.newRealm()]
  t.notOk('pushed_authorization_request_endpoint' in await discover(realm))
  const shop = await registerShop(realm, { pushed_authorization_requests: 'allowed' })
  t.equal((await discover(realm))['pushed_authorization_request_endpoint'], `${realm.issuer}/request`)
  t.notOk('pushed_authorization_request_endpoint' in await discover(other))
  t.equal((await goOn(realm, shop, (await push(realm, shop)).json().request_uri)).$('#password').length, 1, 'and it works there')
})

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

/** A shop in a realm of its own, with a key for its request objects. */
async function start (usage: RegisteredClient['request_objects'], alg?: string) {
  const [realm, key] = [await idp.newRealm(), await makeClientKey(alg)]
  return { realm, key, shop: await registerShop(realm, { request_objects: usage, jwks: { keys: [{ ...key.jwk }] } }) }
}

t.test('refuses a request object of a client that does not use them, and tells the client', async t => {
  const { realm, shop, key } = await start('off')
  const { location } = await new Visitor(realm).open(request(shop, await sign(realm, shop, key, claims(shop)), { state: 'the-state' }))
  t.match(Object.fromEntries(location!.searchParams), { error: 'request_not_supported', state: 'the-state', iss: realm.issuer })
})

t.test('refuses it also where it is pushed', async t => {
  const { realm, shop, key } = await start('off')
  await realm.lab.clients.patch('shop', { pushed_authorization_requests: 'allowed' })
  const response = await postForm(realm, '/request', { ...credentialsOf(shop), request: await sign(realm, shop, key, claims(shop)) })
  t.match([response.statusCode, response.json().error], [400, 'request_not_supported'])
})

for (const alg of ['RS256', 'ES256', 'PS256', 'EdDSA']) {
  t.test(`goes by what a client has signed with ${alg}, and by nothing beside it`, async t => {
    const { realm, shop, key } = await start('allowed', alg)
    const visitor = new Visitor(realm)
    const url = request(shop, await sign(realm, shop, key, claims(shop)), {
      scope: 'openid profile email', state: 'the-state', response_type: 'code'
    })
    const { location } = await visitor.submit(await visitor.open(url), { username: 'alice', password: 'alice-lab' }, 'Sign in')
    t.equal(location?.searchParams.get('state'), 'state-of-the-object')
    t.equal((await realm.redeem(shop, location!.searchParams.get('code')!)).json().scope, 'openid email')
  })
}

const bad: [string, (idp: Idp, shop: RegisteredClient, key: ClientKey) => string | Promise<string>][] = [
  ['without a signature', (idp, shop) => new UnsecuredJWT({ ...claims(shop), iss: 'shop', aud: idp.issuer }).encode()],
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
    const { realm, shop, key } = await start('allowed')
    const { location, status, $ } = await new Visitor(realm).open(request(shop, await make(realm, shop, key), { response_type: 'code' }))
    t.equal(location?.searchParams.get('error') ?? $('.facts code').text(), 'invalid_request_object', String(status))
  })
}

t.test('demands one of a client that has to use them, pushed or not', async t => {
  const { realm, shop, key } = await start('required')
  const { location } = await new Visitor(realm).open(realm.authorizationRequest(shop))
  t.match(Object.fromEntries(location!.searchParams), { error: 'invalid_request', error_description: /Request Object must be used/ })
  const page = await new Visitor(realm).open(request(shop, await sign(realm, shop, key, claims(shop))))
  t.equal(page.$('#password').length, 1)
})

t.test('takes a pushed request object of a client that has to use both', async t => {
  const { realm, shop, key } = await start('required')
  await realm.lab.clients.patch('shop', { pushed_authorization_requests: 'required' })
  const plain = await postForm(realm, '/request', { ...credentialsOf(shop), ...claims(shop) as Record<string, string> })
  t.match([plain.statusCode, plain.json().error], [400, 'invalid_request'])
  const pushed = await postForm(realm, '/request', { ...credentialsOf(shop), request: await sign(realm, shop, key, claims(shop)) })
  t.equal(pushed.statusCode, 201)
  const page = await new Visitor(realm).open(`/auth?${new URLSearchParams({
    client_id: 'shop', request_uri: pushed.json().request_uri
  })}`)
  t.equal(page.$('#password').length, 1)
})

t.test('registers no client for request objects that nobody could check', async t => {
  const realm = await idp.newRealm()
  t.match(await refusalOf(registerShop(realm, { request_objects: 'allowed' })), { status: 400, description: /jwks is mandatory/ })
  const { jwk } = await makeClientKey()
  const withPrivateHalf = registerShop(realm, { request_objects: 'allowed', jwks: { keys: [{ ...jwk, d: 'a-private-half' }] } })
  t.match(await refusalOf(withPrivateHalf), { status: 400, description: /JSON Web Key Set/ })
})

t.test('announces them as soon as a client uses them', async t => {
  const { realm, shop } = await start('off')
  t.notOk('request_parameter_supported' in await discover(realm))
  await realm.lab.clients.patch(shop.client_id, { request_objects: 'allowed' })
  t.match(await discover(realm), {
    request_parameter_supported: true, request_object_signing_alg_values_supported: ['RS256', 'ES256', 'PS256', 'EdDSA']
  })
})

const asked = (claims: { id_token?: object, userinfo?: object }, scope = 'openid') => ({ scope, claims: JSON.stringify(claims) })

const learnt = async (idp: Idp, client = idp.relyingParty, changes: Record<string, string> = {}, username = 'alice') => {
  const { id_token: idToken, access_token: accessToken } = await idp.tokensFor(username, client, changes)
  return { idToken: decodeJwt(idToken), userinfo: (await idp.userinfo(accessToken)).json() as Record<string, unknown> }
}

const boats = [{ name: 'Pintail', since: 2019 }, { name: 'Avocet', since: 2021 }]

t.test('tells claims of any shape by a scope of the realm\'s own', async t => {
  const realm = await idp.newRealm()
  await realm.lab.settings.patch({ scopes: { 'https://shop.localhost/boats': ['boats', 'tier'] } })
  await realm.lab.users.patch('alice', { claims: { boats, tier: 3 } })
  const shop = await registerShop(realm, { scope: 'openid email https://shop.localhost/boats' })
  const { userinfo, idToken } = await learnt(realm, shop, { scope: 'openid https://shop.localhost/boats' })
  t.same(userinfo, { sub: 'usr-7f3a91c0', boats, tier: 3 })
  t.notOk('boats' in idToken)
  t.match(await discover(realm), { scopes_supported: /boats/, claims_supported: /boats/ })

  await realm.lab.clients.patch('shop', { id_token_claims: ['tier'] })
  const { idToken: longer } = await learnt(realm, shop, { scope: 'openid https://shop.localhost/boats' })
  t.match(longer, { tier: 3, boats: undefined }, 'in the ID token what the client finds there')
})

t.test('refuses a scope of the realm to a client that is not registered for it', async t => {
  const realm = await idp.newRealm()
  await realm.lab.settings.patch({ scopes: { boats: ['boats'] } })
  const { location } = await new Visitor(realm).open(realm.authorizationRequest(realm.relyingParty, { scope: 'openid boats' }))
  t.equal(location?.searchParams.get('error'), 'invalid_scope')
})

t.test('keeps a client that is registered for a scope that the realm has forgotten, which stands for nothing then', async t => {
  const realm = await idp.newRealm()
  await realm.lab.settings.patch({ scopes: { boats: ['boats'] } })
  await realm.lab.users.patch('alice', { claims: { boats } })
  const shop = await registerShop(realm, { scope: 'openid boats' })
  await realm.lab.settings.reset()
  const tokens = await realm.tokensFor('alice', shop, { scope: 'openid boats' })
  t.equal(tokens.scope, 'openid boats')
  t.same((await realm.userinfo(tokens.access_token)).json(), { sub: 'usr-7f3a91c0' })
})

t.test('keeps who somebody is in every ID token, whatever else the realm has the scope openid stand for', async t => {
  const realm = await idp.newRealm()
  await realm.lab.settings.patch({ scopes: { openid: ['nickname'] } })
  await realm.lab.users.patch('alice', { claims: { nickname: 'Al' } })
  const { idToken, userinfo } = await learnt(realm, realm.relyingParty, { scope: 'openid' })
  t.match(idToken, { sub: 'usr-7f3a91c0', auth_time: Number, amr: ['pwd'] })
  t.same(userinfo, { sub: 'usr-7f3a91c0', nickname: 'Al' })
})

t.test('keeps a scope whose name is that of a claim', async t => {
  const realm = await idp.newRealm()
  await realm.lab.settings.patch({ scopes: { groups: ['groups'] } })
  await realm.lab.users.patch('alice', { claims: { groups: ['staff'], phone: 'a claim of that name' } })
  const shop = await registerShop(realm, { scope: 'openid groups phone' })
  t.match((await learnt(realm, shop, { scope: 'openid groups phone' })).userinfo, { groups: ['staff'], phone_number: String })
})

t.test('tells what is asked for by name where it is asked for, and there alone', async t => {
  const realm = await idp.newRealm()
  await realm.lab.users.patch('alice', { claims: { tier: 3 } })
  const { idToken, userinfo } = await learnt(realm, realm.relyingParty, asked({
    id_token: { tier: { essential: true }, email: null }, userinfo: { phone_number: null }
  }))
  t.match(idToken, { tier: 3, email: 'alice@example.org', phone_number: undefined })
  t.same(Object.keys(userinfo).sort(), ['phone_number', 'sub'])
})

t.test('tells a claim that is asked for with a value if that is its value', async t => {
  const realm = await idp.newRealm()
  await realm.lab.users.patch('alice', { claims: { tier: 'gold', boats } })
  const { idToken, userinfo } = await learnt(realm, realm.relyingParty, asked({
    id_token: { tier: { value: 'gold', essential: true }, email: { value: 'another@example.org', essential: true } },
    userinfo: { tier: { values: ['silver', 'gold'] }, boats: { value: boats }, phone_number: { values: ['+1'] } }
  }))
  t.match(idToken, { tier: 'gold', email: undefined })
  t.same(userinfo, { sub: 'usr-7f3a91c0', tier: 'gold', boats })
})

t.test('signs in the one whom a client asks for by sub, and gives no code for somebody else', async t => {
  const claims = JSON.stringify({ id_token: { sub: { value: 'usr-7f3a91c0' } } })
  t.equal((await learnt(idp, idp.relyingParty, { claims })).idToken.sub, 'usr-7f3a91c0')
  const visitor = new Visitor(idp)
  await visitor.signIn('bob')
  const { location } = await visitor.open(idp.authorizationRequest(idp.relyingParty, { claims, prompt: 'none' }))
  t.equal(location?.searchParams.get('error'), 'login_required')
})

t.test('passes over what nobody has, and members that mean nothing', async t => {
  const odd = '{"userinfo":{"__proto__":null,"constructor":null,"shoe_size":{"essential":true},"name":{"values":"x"}},' +
    '"id_token":{"toString":null}}'
  const { idToken, userinfo } = await learnt(idp, idp.relyingParty, { scope: 'openid', claims: odd })
  t.same(Object.keys(userinfo).filter(name => name !== 'name'), ['sub'])
  t.equal(idToken.sub, 'usr-7f3a91c0')
})

const malformed = ['{', '[]', '"x"', '{}', '{"userinfo":[]}', '{"id_token":1}', '{"userinfo":{"email":"yes"}}']
for (const claims of malformed) {
  t.test(`refuses ${claims} as claims`, async t => {
    const { location } = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty, { claims }))
    t.equal(location?.searchParams.get('error'), 'invalid_request')
  })
}

t.test('tells each client what is different for it', async t => {
  const realm = await idp.newRealm()
  const shop = await registerShop(realm)
  await realm.lab.users.patch('alice', { client_claims: { shop: { email: 'alice@shop.example', name: null, tier: 'gold' } } })
  const claims = JSON.stringify({ userinfo: { tier: null }, id_token: { email: null } })
  t.match(await learnt(realm, shop, { claims }), {
    idToken: { email: 'alice@shop.example' }, userinfo: { email: 'alice@shop.example', tier: 'gold', name: undefined }
  })
  t.match((await learnt(realm, realm.relyingParty, { claims })).userinfo, {
    email: 'alice@example.org', name: 'Alice Anders', tier: undefined
  })
})

t.test('asks nobody for claims that a first-party client asks for later, by name', async t => {
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  const claims = JSON.stringify({ userinfo: { phone_number: null } })
  const { location } = await visitor.open(idp.authorizationRequest(idp.relyingParty, { claims }))
  const tokens = (await idp.redeem(idp.relyingParty, location?.searchParams.get('code') ?? '')).json()
  t.type((await idp.userinfo(tokens.access_token)).json().phone_number, 'string')
})

t.test('shows on the consent page what the realm\'s scopes and single claims hand over to that client', async t => {
  const realm = await idp.newRealm()
  await realm.lab.settings.patch({ scopes: { boats: ['boats', 'tier', 'harbours', 'captain'] } })
  await realm.lab.users.patch('alice', {
    claims: { boats, tier: 3, harbours: ['Skagen', 'Marstal'], captain: false, motto: 'Ahoy' },
    client_claims: { shop: { tier: 4, motto: 'Ship ahoy' } }
  })
  const shop = await registerShop(realm, { scope: 'openid boats', first_party: false })
  const visitor = new Visitor(realm)
  const signIn = await visitor.open(realm.authorizationRequest(shop, asked({ userinfo: { motto: null } }, 'openid boats')))
  const { $ } = await visitor.submit(signIn, { username: 'alice', password: 'alice-lab' }, 'Sign in')
  t.match($('.scope').toArray().map(element => $(element).text()), [/Know who you are/, 'Use “boats”', 'Read these one by one'])
  const shown = Object.fromEntries($('.scopes dl > div').toArray()
    .map(element => [$(element).find('dt').text(), $(element).find('dd').text()]))
  t.same(shown, { boats: JSON.stringify(boats), tier: '4', harbours: 'Skagen, Marstal', captain: 'no', motto: 'Ship ahoy' })
})
