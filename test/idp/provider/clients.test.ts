import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import t from 'tap'
import type { RegisteredClient } from '../../../services/idp/clients/registered-clients.ts'
import { codeVerifier, startIdp, Visitor, type Idp } from '../helper.ts'
import {
  discover, makeClientKey, postForm, proofFor, registerShop, sign, type ClientChanges, type ClientKey
} from './helper.ts'

const idp = await startIdp(t)

const request = { redirect_uris: ['https://app.example/callback'], client_name: 'Stranger' }

/** An issuer, a realm where not said, at which clients can register themselves. */
async function start (at?: Idp): Promise<Idp> {
  const realm = at ?? await idp.newRealm()
  await realm.lab.settings.patch({ dynamic_client_registration: true })
  return realm
}

const register = async (idp: Idp, metadata: Record<string, unknown> = {}) =>
  await idp.app.inject({ method: 'POST', url: `${idp.base}/reg`, payload: { ...request, ...metadata } })

const manage = (
  idp: Idp,
  registered: Record<string, string>,
  method: 'GET' | 'PUT' | 'DELETE',
  payload?: object
) => idp.app.inject({
  method,
  url: new URL(registered['registration_client_uri']!).pathname,
  headers: { authorization: `Bearer ${registered['registration_access_token']}` },
  ...(payload && { payload })
})

t.test('registers nobody unless it is asked to, and does not announce it', async t => {
  const realm = await idp.newRealm()
  const endpoints = [
    ['POST', '/reg'], ['GET', '/reg/relying-party'],
    ['PUT', '/reg/relying-party'], ['DELETE', '/reg/relying-party']
  ] as const
  for (const [method, url] of endpoints) {
    const response = await realm.app.inject({ method, url, ...(method === 'POST' && { payload: request }) })
    t.match([response.statusCode, response.json().error], [404, 'not_found'], `${method} ${url}`)
  }
  t.notOk('registration_endpoint' in await discover(realm))
  t.equal((await realm.lab.clients.list()).length, 2)
})

for (const place of ['', ', in a realm']) {
  t.test(`registers a client that can sign people in${place}`, async t => {
    const realm = await start(place === '' ? idp : undefined)
    t.equal((await discover(realm))['registration_endpoint'], `${realm.issuer}/reg`)
    const response = await register(realm)
    t.equal(response.statusCode, 201)
    const client = response.json()
    t.match(client, {
      client_id: /^[0-9a-f-]{36}$/,
      client_secret: /^.{32,}$/,
      client_secret_expires_at: 0,
      client_id_issued_at: Number,
      registration_client_uri: `${realm.issuer}/reg/${client.client_id}`,
      registration_access_token: /^.{32,}$/
    })
    const stranger = { ...client, token_endpoint_auth_method: 'client_secret_basic' } as RegisteredClient
    const visitor = new Visitor(realm)
    const signIn = await visitor.open(realm.authorizationRequest(stranger))
    const consent = await visitor.submit(signIn, { username: 'alice', password: 'alice-lab' }, 'Sign in')
    t.equal(consent.$('h1').text(), 'Allow Stranger?')
    const { location } = await visitor.submit(consent, {}, 'Allow')
    const tokens = (await realm.redeem(stranger, location!.searchParams.get('code')!)).json()
    t.equal(decodeJwt(tokens.id_token).aud, client.client_id)
    await realm.lab.settings.reset()
    await realm.lab.clients.reset()
  })
}

t.test('gives nobody what only the lab may give', async t => {
  const realm = await start()
  const privileges = { first_party: true, permissive: ['pkce-missing'], refresh_tokens: 'always', id_token_claims: ['email'] }
  const client = (await register(realm, privileges)).json()
  for (const name of Object.keys(privileges)) t.notOk(name in client, name)
  // What an update must not repeat: https://www.rfc-editor.org/rfc/rfc7592#section-2.2
  const notSaid = ['registration_access_token', 'registration_client_uri', 'client_id_issued_at', 'client_secret_expires_at']
  const metadata = Object.fromEntries(Object.entries(client).filter(([name]) => !notSaid.includes(name)))
  const changed = await manage(realm, client, 'PUT', { ...metadata, ...privileges })
  t.equal(changed.statusCode, 200)
  for (const name of Object.keys(privileges)) t.notOk(name in changed.json(), name)

  await realm.lab.clients.patch(client.client_id, { first_party: true })
  await manage(realm, client, 'PUT', { ...metadata, first_party: false, client_name: 'Friend' })
  t.match(
    await realm.lab.clients.get(client.client_id),
    { first_party: true, client_name: 'Friend' },
    'nor takes what the lab gave'
  )
})

t.test('lets a client read, change and remove its registration, with its token alone', async t => {
  const realm = await start()
  const client = (await register(realm)).json()
  t.match((await manage(realm, client, 'GET')).json(), { client_id: client.client_id, client_name: 'Stranger' })
  const other = (await register(realm)).json()
  const foreign = { ...client, registration_access_token: other.registration_access_token }
  t.equal((await manage(realm, foreign, 'GET')).statusCode, 401)
  t.equal((await manage(realm, { ...client, registration_access_token: 'guessed' }, 'DELETE')).statusCode, 401)
  const own = {
    registration_client_uri: `${realm.issuer}/reg/relying-party`,
    registration_access_token: client.registration_access_token
  }
  t.equal((await manage(realm, own, 'GET')).statusCode, 401, 'not of a client of the lab')
})

t.test('forgets a client that removes itself', async t => {
  const realm = await start()
  const client = (await register(realm)).json()
  t.equal((await manage(realm, client, 'DELETE')).statusCode, 204)
  t.equal((await manage(realm, client, 'GET')).statusCode, 401)
  t.equal((await new Visitor(realm).open(realm.authorizationRequest(client))).$('.facts code').text(), 'invalid_client')
  t.equal((await realm.lab.clients.list()).length, 2)
})

const refused: [string, Record<string, unknown>, string][] = [
  ['no redirect URI', { redirect_uris: [] }, 'invalid_redirect_uri'],
  ['a redirect URI with a fragment', { redirect_uris: ['https://app.example/#x'] }, 'invalid_redirect_uri'],
  ['a script for a redirect URI', { redirect_uris: ['javascript:alert(1)'], application_type: 'native' }, 'invalid_redirect_uri'],
  ['a redirect URI that a header would take for two', { redirect_uris: ['https://a;sandbox/'] }, 'invalid_redirect_uri'],
  ['a post-logout redirect URI of that kind', { post_logout_redirect_uris: ["https://a'b/"] }, 'invalid_client_metadata'],
  ['a frame of somebody else\'s', { frontchannel_logout_uri: 'https://bank.example/' }, 'invalid_client_metadata'],
  [
    'more redirect URIs than anybody has', { redirect_uris: Array.from({ length: 700 }, (_, index) => `https://app.example/${index}`) },
    'invalid_redirect_uri'
  ],
  ['a redirect URI of a length that nobody uses', { redirect_uris: [`https://app.example/${'x'.repeat(2_000)}`] }, 'invalid_redirect_uri'],
  ['redirect URIs that are no list', { redirect_uris: { length: 1 } }, 'invalid_redirect_uri'],
  ['the implicit grant', { grant_types: ['implicit'], response_types: ['id_token'] }, 'invalid_client_metadata'],
  ['a scope that there is not', { scope: 'openid admin' }, 'invalid_client_metadata'],
  ['request objects that nobody could check', { require_signed_request_object: true }, 'invalid_client_metadata'],
  ['ID tokens without a signature', { id_token_signed_response_alg: 'none' }, 'invalid_client_metadata']
]
for (const [label, metadata, error] of refused) {
  t.test(`registers no client with ${label}`, async t => {
    const realm = await start()
    const response = await register(realm, metadata)
    t.match([response.statusCode, response.json().error], [400, error])
    t.equal((await realm.lab.clients.list()).length, 2)
    t.equal((await realm.get('/')).statusCode, 200, 'pages go on')
  })
}

t.test('takes OAuth\'s words for what a client has to use', async t => {
  const realm = await start()
  const { client_id: id } = (await register(realm, {
    require_pushed_authorization_requests: true, dpop_bound_access_tokens: true
  })).json()
  const client = await realm.lab.clients.get(id)
  t.match(client, { pushed_authorization_requests: 'required', dpop: 'required', request_objects: 'off' })
  const { location } = await new Visitor(realm).open(realm.authorizationRequest(client))
  t.match(location?.searchParams.get('error_description'), 'Pushed Authorization Request must be used')
  await realm.lab.clients.patch(id, { pushed_authorization_requests: 'off' })
  t.equal(
    (await new Visitor(realm).open(realm.authorizationRequest(client))).$('#password').length,
    1,
    'and the lab has the last word'
  )
})

t.test('keeps them over a change of settings, and takes no more when it is switched off again', async t => {
  const realm = await start()
  const client = (await register(realm)).json()
  await realm.lab.settings.patch({ dynamic_client_registration: false })
  t.equal((await register(realm)).statusCode, 404)
  t.equal((await new Visitor(realm).open(realm.authorizationRequest(client))).$('#password').length, 1)
})

t.test('takes no more than 200 clients', async t => {
  const realm = await start()
  for (let count = 2; count < 200; count++) {
    const { statusCode } = await register(realm, { redirect_uris: [`https://app-${count}.example/callback`] })
    if (statusCode !== 201) t.fail(`number ${count} was answered ${statusCode}`)
  }
  const response = await register(realm)
  t.equal(response.statusCode, 403)
  t.match(response.json(), { error: 'access_denied', error_description: /200 clients/ })
})

const page = { client_secret: undefined, token_endpoint_auth_method: 'none' } as const
const origin = 'http://shop.localhost'

const redeem = async (idp: Idp, shop: RegisteredClient, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  await postForm(idp, '/token', {
    grant_type: 'authorization_code',
    code: await idp.codeFor('alice', shop),
    redirect_uri: shop.redirect_uris[0]!,
    code_verifier: codeVerifier,
    ...fields
  }, headers)

t.test('gives tokens to a public client that shows the code verifier, and to nobody without it', async t => {
  const realm = await idp.newRealm()
  const shop = await registerShop(realm, page)
  t.equal((await redeem(realm, shop, { client_id: 'shop' })).statusCode, 200)
  t.equal(
    (await redeem(realm, shop, { client_id: 'shop', code_verifier: codeVerifier.replace('a', 'b') })).json().error,
    'invalid_grant'
  )
  t.equal(
    (await redeem(realm, shop, { client_id: 'shop', client_secret: 'a-secret-that-it-has-not' })).json().error,
    'invalid_client'
  )
})

t.test('takes no public client without PKCE', async t => {
  const realm = await idp.newRealm()
  const shop = await registerShop(realm, page)
  const response = await realm.app.inject(realm.authorizationRequest(shop, {
    code_challenge: undefined, code_challenge_method: undefined
  }))
  t.match(response.headers.location, /error=invalid_request/)
})

t.test('lets a page call that is a client itself, with a token bound to its key, and no page of another origin', async t => {
  const realm = await idp.newRealm()
  const shop = await registerShop(realm, { ...page, dpop: 'required' })
  const key = await makeClientKey()
  const asked = await realm.app.inject({
    method: 'OPTIONS',
    url: `${realm.base}/token`,
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'dpop' }
  })
  t.match(
    [asked.statusCode, asked.headers['access-control-allow-origin'], asked.headers['access-control-allow-headers']],
    [204, origin, 'dpop']
  )

  const response = await redeem(realm, shop, { client_id: 'shop' }, { origin, dpop: await proofFor(realm, key, 'POST', '/token') })
  t.match(
    [response.statusCode, response.headers['access-control-allow-origin'], response.json().token_type],
    [200, origin, 'DPoP']
  )

  const { access_token: accessToken } = response.json()
  const userinfo = await realm.app.inject({
    url: `${realm.base}/me`,
    headers: { origin, authorization: `DPoP ${accessToken}`, dpop: await proofFor(realm, key, 'GET', '/me', { accessToken }) }
  })
  t.match([userinfo.json().sub, userinfo.headers['access-control-allow-origin']], ['usr-7f3a91c0', origin])

  const elsewhere = await redeem(realm, shop, { client_id: 'shop' }, {
    origin: 'https://evil.example', dpop: await proofFor(realm, key, 'POST', '/token')
  })
  t.match([elsewhere.statusCode, elsewhere.headers['access-control-allow-origin']], [400, undefined])
})

t.test('lets no page call for a client with a secret, which pages cannot keep', async t => {
  const realm = await idp.newRealm()
  const shop = await registerShop(realm)
  const response = await redeem(realm, shop, { client_id: 'shop', client_secret: shop.client_secret! }, { origin })
  t.match([response.statusCode, response.headers['access-control-allow-origin']], [400, undefined])
})

const assertion = async (idp: Idp, shop: RegisteredClient, key: ClientKey, claims: Record<string, unknown> = {}) => ({
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: await sign(idp, shop, key, { sub: 'shop', ...claims })
})

const signing = (key: ClientKey): ClientChanges =>
  ({ client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ ...key.jwk }] } })

for (const alg of ['RS256', 'ES256', 'PS256', 'EdDSA']) {
  t.test(`gives tokens to a client that signs who it is with ${alg}`, async t => {
    const realm = await idp.newRealm()
    const key = await makeClientKey(alg)
    const shop = await registerShop(realm, signing(key))
    t.equal((await redeem(realm, shop, await assertion(realm, shop, key))).statusCode, 200)
  })
}

t.test('refuses an assertion that another has signed, that is for another, or that was used', async t => {
  const realm = await idp.newRealm()
  const key = await makeClientKey()
  const shop = await registerShop(realm, signing(key))
  const once = await assertion(realm, shop, key)
  const attempts: [string, Record<string, string>, number][] = [
    ['the key of somebody else', await assertion(realm, shop, await makeClientKey()), 401],
    ['another audience', await assertion(realm, shop, key, { aud: 'https://other.example' }), 401],
    ['another subject', await assertion(realm, shop, key, { sub: 'relying-party' }), 401],
    ['no assertion', { client_id: 'shop' }, 401],
    ['a good one', once, 200],
    ['the same again', once, 401]
  ]
  for (const [label, fields, status] of attempts) t.equal((await redeem(realm, shop, fields)).statusCode, status, label)
})

t.test('takes an assertion once, also when it comes several times in one moment', async t => {
  const realm = await idp.newRealm()
  const key = await makeClientKey()
  const shop = await registerShop(realm, signing(key))
  const once = await assertion(realm, shop, key)
  const statuses = (await Promise.all([1, 2, 3].map(() => redeem(realm, shop, once)))).map(({ statusCode }) => statusCode)
  t.same(statuses.sort(), [200, 401, 401])
})

t.test('announces the ways to authenticate that its clients have', async t => {
  const realm = await idp.newRealm()
  const methods = async () => (await discover(realm))['token_endpoint_auth_methods_supported']
  t.same(await methods(), ['client_secret_basic', 'client_secret_post'])
  await registerShop(realm, page)
  t.same(await methods(), ['client_secret_basic', 'client_secret_post', 'none'])
  await registerShop(realm, signing(await makeClientKey()))
  t.match(await discover(realm), {
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS256', 'ES256', 'PS256', 'EdDSA']
  })
})

t.test('signs with RS256 where a client says nothing, and has no other key', async t => {
  const realm = await idp.newRealm()
  const { id_token: idToken } = await realm.tokensFor('alice', await registerShop(realm))
  t.equal(decodeProtectedHeader(idToken).alg, 'RS256')
  t.same((await realm.get('/jwks')).json().keys.map((key: { alg: string }) => key.alg), ['RS256'])
})

for (const [alg, type] of [['ES256', 'EC'], ['PS256', 'RSA'], ['EdDSA', 'OKP']] as const) {
  t.test(`signs with ${alg} for a client that is registered so, with a key made for it`, async t => {
    const realm = await idp.newRealm()
    const shop = await registerShop(realm, { id_token_signed_response_alg: alg })
    const tokens = await realm.tokensFor('alice', shop, realm.offline)
    const { keys } = (await realm.get('/jwks')).json()
    t.match(keys, [{ alg: 'RS256' }, { alg, kty: type, use: 'sig' }])
    const expected = { audience: 'shop', issuer: realm.issuer }
    const { payload, protectedHeader } = await jwtVerify(tokens.id_token, createLocalJWKSet({ keys }), expected)
    t.match([protectedHeader.alg, protectedHeader.kid, payload.sub], [alg, keys[1].kid, 'usr-7f3a91c0'])
    t.same((await discover(realm))['id_token_signing_alg_values_supported'], ['RS256', alg])

    const refreshed = (await realm.refresh(shop, tokens.refresh_token!)).json()
    t.equal(decodeProtectedHeader(refreshed.id_token).alg, alg, 'the refreshed one too')
    t.equal(decodeProtectedHeader((await realm.tokensFor('alice')).id_token).alg, 'RS256', 'other clients stay with theirs')
  })
}

t.test('takes the ID token as a hint at a sign-out, whatever it is signed with', async t => {
  const realm = await idp.newRealm()
  const shop = await registerShop(realm, { id_token_signed_response_alg: 'EdDSA' })
  const visitor = new Visitor(realm)
  const { location } = await visitor.signIn('alice', shop)
  const { id_token: hint } = (await realm.redeem(shop, location!.searchParams.get('code')!)).json()
  const url = `/session/end?${new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: 'http://shop.localhost/' })}`
  const done = await visitor.open(url)
  t.equal(done.location?.href, 'http://shop.localhost/')
})

t.test('signs with the new key of an algorithm after a rotation, and leaves the others alone', async t => {
  const realm = await idp.newRealm()
  const shop = await registerShop(realm, { id_token_signed_response_alg: 'ES256' })
  const kidOf = async (client = realm.relyingParty) => decodeProtectedHeader((await realm.tokensFor('alice', client)).id_token).kid
  const [before, others] = [await kidOf(shop), await kidOf()]
  const { kid } = await realm.lab.keys.rotate('ES256')
  t.not(kid, before)
  t.equal(await kidOf(shop), kid)
  t.equal(await kidOf(), others)
})
