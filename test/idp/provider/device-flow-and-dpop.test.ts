import { calculateJwkThumbprint, decodeJwt } from 'jose'
import t from 'tap'
import { deviceCodeGrant, type RegisteredClient } from '../../../services/idp/clients/registered-clients.ts'
import type { Page } from '../../helpers/browser.ts'
import { codeVerifier, startIdp, Visitor, type Idp } from '../helper.ts'
import { credentialsOf, discover, makeClientKey, postForm, proofFor, registerShop, type ClientChanges } from './helper.ts'

const idp = await startIdp(t)

const television = {
  client_name: 'Television',
  client_secret: undefined,
  token_endpoint_auth_method: 'none',
  redirect_uris: [],
  post_logout_redirect_uris: [],
  grant_types: [deviceCodeGrant, 'refresh_token']
} satisfies ClientChanges

interface DeviceAuthorization {
  device_code: string
  user_code: string
  verification_uri: string
  verification_uri_complete: string
  expires_in: number
}

/** A television at an issuer, in a realm of its own where not said. */
async function start (changes: ClientChanges = {}, at?: Idp) {
  const realm = at ?? await idp.newRealm()
  const client = await registerShop(realm, { ...television, ...changes }, 'television')
  const ask = async (fields: Record<string, string> = {}): Promise<DeviceAuthorization> =>
    (await postForm(realm, '/device/auth', { ...credentialsOf(client), scope: 'openid email', ...fields })).json()
  const poll = (deviceCode: string, as = client) =>
    postForm(realm, '/token', { ...credentialsOf(as), grant_type: deviceCodeGrant, device_code: deviceCode })
  return { realm, client, ask, poll }
}

const typeIn = async (visitor: Visitor, userCode: string): Promise<Page> =>
  await visitor.submit(await visitor.open('/device'), { user_code: userCode }, 'Continue')

const credentials = { username: 'alice', password: 'alice-lab' }

for (const place of ['', ', in a realm']) {
  t.test(`signs in a device by a code that a person types in${place}`, async t => {
    const { realm, ask, poll } = await start({}, place === '' ? idp : undefined)
    const asked = await ask()
    t.match(asked, {
      user_code: /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/,
      verification_uri: `${realm.issuer}/device`,
      expires_in: 600
    })
    t.match(
      [(await poll(asked.device_code)).statusCode, (await poll(asked.device_code)).json().error],
      [400, 'authorization_pending']
    )

    const visitor = new Visitor(realm)
    const confirm = await typeIn(visitor, asked.user_code.toLowerCase().replace('-', ' '))
    t.equal(confirm.$('h1').text(), 'Connect Television?')
    t.equal(confirm.$('p.user-code').text(), asked.user_code)
    const done = await visitor.submit(await visitor.submit(confirm, {}, 'Sign in and connect'), credentials, 'Sign in')
    t.equal(done.$('h1').text(), 'Connected')
    t.match(done.$('.lead').text(), 'Television')

    const tokens = (await poll(asked.device_code)).json()
    t.match(decodeJwt(tokens.id_token), {
      sub: 'usr-7f3a91c0', aud: 'television', iss: `${realm.issuer}`, amr: ['pwd']
    })
    t.equal((await realm.userinfo(tokens.access_token)).json().email, 'alice@example.org')
    t.equal((await poll(asked.device_code)).json().error, 'invalid_grant', 'once')
  })
}

t.test('shows who is signed in, and asks them for nothing but the click', async t => {
  const { realm, ask, poll } = await start()
  const visitor = new Visitor(realm)
  await visitor.signIn('alice')
  const { device_code: deviceCode, user_code: userCode } = await ask()
  const confirm = await typeIn(visitor, userCode)
  t.match(confirm.$('.lead').text(), 'Alice Anders')
  t.equal((await visitor.submit(confirm, {}, 'Connect the device')).$('h1').text(), 'Connected')
  t.equal((await poll(deviceCode)).statusCode, 200)
})

t.test('fills in the code of a link, and sends it only when a person does', async t => {
  const { realm, ask, poll } = await start()
  const { verification_uri_complete: link, user_code: userCode, device_code: deviceCode } = await ask()
  const visitor = new Visitor(realm)
  const page = await visitor.open(link)
  t.equal(page.$('#user_code').attr('value'), userCode)
  t.equal(page.$('script').length, 0)
  t.equal((await poll(deviceCode)).json().error, 'authorization_pending')
  t.equal((await visitor.submit(page, {}, 'Continue')).$('p.user-code').text(), userCode)
  const hostile = await visitor.open(`/device?${new URLSearchParams({ user_code: '"><img src=x>' })}`)
  t.equal(hostile.$('main img').length, 0)
})

t.test('tells the device when a person cancels', async t => {
  const { realm, ask, poll } = await start()
  const { device_code: deviceCode, user_code: userCode } = await ask()
  const visitor = new Visitor(realm)
  const page = await visitor.submit(await typeIn(visitor, userCode), {}, 'Cancel')
  t.match([page.status, page.$('h1').text()], [200, 'Not connected'])
  t.equal((await poll(deviceCode)).json().error, 'access_denied')
})

t.test('tells the device when a person cancels on the sign-in page', async t => {
  const { realm, ask, poll } = await start()
  const { device_code: deviceCode, user_code: userCode } = await ask()
  const visitor = new Visitor(realm)
  const signIn = await visitor.submit(await typeIn(visitor, userCode), {}, 'Sign in and connect')
  t.equal((await visitor.submit(signIn, {}, 'Cancel and go back')).$('h1').text(), 'Not connected')
  t.equal((await poll(deviceCode)).json().error, 'access_denied')
})

t.test('connects no device for another person than it asks for, nor below the level that it demands', async t => {
  for (const demanded of [{ sub: { value: 'usr-20c4e85d' } }, { acr: { essential: true, value: 'Level3' } }]) {
    const { realm, ask, poll } = await start()
    const { device_code: deviceCode, user_code: userCode } = await ask({ claims: JSON.stringify({ id_token: demanded }) })
    const visitor = new Visitor(realm)
    const signIn = await visitor.submit(await typeIn(visitor, userCode), {}, 'Sign in and connect')
    const refused = await visitor.submit(signIn, credentials, 'Sign in')
    t.notMatch(refused.text, /Connected|id="password"/, JSON.stringify(demanded))
    t.notOk('id_token' in (await poll(deviceCode)).json())
  }
})

t.test('asks for the second factor for a device too', async t => {
  const { realm, ask, poll } = await start()
  const { device_code: deviceCode, user_code: userCode } = await ask({ acr_values: 'Level3' })
  const visitor = new Visitor(realm)
  const signIn = await visitor.submit(await typeIn(visitor, userCode), {}, 'Sign in and connect')
  const code = await visitor.submit(signIn, { username: 'mia', password: 'mia-lab' }, 'Sign in')
  t.equal(code.$('h1').text(), 'Enter your code')
  t.equal((await poll(deviceCode)).json().error, 'authorization_pending')
  t.equal((await visitor.submit(code, {}, 'Continue with')).$('h1').text(), 'Connected')
  t.match(decodeJwt((await poll(deviceCode)).json().id_token), { acr: 'Level3', amr: ['pwd', 'otp', 'mfa'] })
})

t.test('asks for consent where the application is not first-party', async t => {
  const { realm, ask, poll } = await start({ first_party: false })
  const { device_code: deviceCode, user_code: userCode } = await ask()
  const visitor = new Visitor(realm)
  const confirm = await typeIn(visitor, userCode)
  const consent = await visitor.submit(await visitor.submit(confirm, {}, 'Sign in and connect'), credentials, 'Sign in')
  t.equal(consent.$('h1').text(), 'Allow Television?')
  t.equal((await visitor.submit(consent, {}, 'Allow')).$('h1').text(), 'Connected')
  t.equal((await poll(deviceCode)).json().scope, 'openid email')
})

t.test('says what is wrong with a code, and lets a person try again', async t => {
  const { realm, ask } = await start()
  const { user_code: userCode } = await ask()
  const visitor = new Visitor(realm)
  for (const [code, words] of [
    ['BBBB-BBBB', 'There is no such code'],
    ['', 'Type the code'],
    ['<b>', 'There is no such code']
  ] as const) {
    const page = await typeIn(visitor, code)
    t.equal(page.status, 422, code)
    t.match(page.$('#refusal').text(), words)
    t.equal(page.$('main b').length, 0)
  }
  const confirm = await visitor.submit(await typeIn(visitor, 'BBBB-BBBB'), { user_code: userCode }, 'Continue')
  t.equal(confirm.$('p.user-code').text(), userCode)
  await visitor.submit(confirm, {}, 'Cancel')
  t.match((await typeIn(visitor, userCode)).$('#refusal').text(), 'That code has been used')
})

t.test('ends a code after ten minutes', async t => {
  const { realm, ask, poll } = await start()
  const { device_code: deviceCode, user_code: userCode } = await ask()
  await realm.lab.clock.advance(601)
  t.match((await typeIn(new Visitor(realm), userCode)).status, 422)
  t.match((await poll(deviceCode)).json().error, /^(expired_token|invalid_grant)$/)
  await realm.lab.clock.reset()
})

t.test('lets no other site answer its questions', async t => {
  const { realm, ask, poll } = await start()
  const { device_code: deviceCode, user_code: userCode } = await ask()
  const visitor = new Visitor(realm)
  await visitor.signIn('alice')
  t.equal((await visitor.post('/device', { user_code: userCode, confirm: 'yes' })).status, 400, 'without having seen a page')
  await visitor.open('/device')
  const page = await visitor.post('/device', { user_code: userCode, confirm: 'yes', xsrf: 'guessed' })
  t.match([page.status, page.$('#user_code').length], [400, 1])
  t.equal((await poll(deviceCode)).json().error, 'authorization_pending')
})

t.test('signs somebody else out first when another person signs in for a device', async t => {
  const { realm, client, ask, poll } = await start()
  const claims = JSON.stringify({ id_token: { sub: { value: 'usr-7f3a91c0' } } })
  const { device_code: deviceCode, user_code: userCode } = await ask({ scope: 'openid', claims })
  const visitor = new Visitor(realm)
  await visitor.signIn('bob')
  const signIn = await visitor.submit(await typeIn(visitor, userCode), {}, 'Connect the device')
  const between = await visitor.submit(signIn, credentials, 'Sign in')
  t.equal(between.$('h1').text(), 'Somebody else is signed in')
  t.equal((await visitor.submit(between, {}, 'Continue')).$('h1').text(), 'Connected')
  t.match(decodeJwt((await poll(deviceCode, client)).json().id_token), { sub: 'usr-7f3a91c0' })
})

t.test('gives a device that asks for offline access a refresh token that works', async t => {
  const { realm, client, ask, poll } = await start()
  const { device_code: deviceCode, user_code: userCode } = await ask({ scope: 'openid offline_access' })
  const visitor = new Visitor(realm)
  await visitor.signIn('alice')
  await visitor.submit(await typeIn(visitor, userCode), {}, 'Connect the device')
  const { refresh_token: refreshToken } = (await poll(deviceCode)).json()
  const refreshed = await postForm(realm, '/token', {
    ...credentialsOf(client), grant_type: 'refresh_token', refresh_token: refreshToken
  })
  t.equal(refreshed.statusCode, 200)
})

t.test('gives nothing to a client without this grant, nor to one that asks with the code of another', async t => {
  const { realm, ask, poll } = await start()
  const shop = await registerShop(realm)
  const refused = await postForm(realm, '/device/auth', { ...credentialsOf(shop), scope: 'openid' })
  t.match([refused.statusCode, refused.json().error], [400, /^(invalid_request|unauthorized_client)$/])
  const other = await registerShop(realm, { ...television, client_name: 'Radio' }, 'radio')
  const { device_code: deviceCode, user_code: userCode } = await ask()
  const visitor = new Visitor(realm)
  await visitor.signIn('alice')
  await visitor.submit(await typeIn(visitor, userCode), {}, 'Connect the device')
  t.equal((await poll(deviceCode, other)).json().error, 'invalid_grant')
})

t.test('announces it as soon as a client has this grant', async t => {
  const { realm } = await start()
  t.match(await discover(realm), {
    device_authorization_endpoint: `${realm.issuer}/device/auth`,
    grant_types_supported: ['authorization_code', 'refresh_token', deviceCodeGrant]
  })
  await realm.lab.clients.remove('television')
  const document = await discover(realm)
  t.notOk('device_authorization_endpoint' in document)
  t.same(document['grant_types_supported'], ['authorization_code', 'refresh_token'])
})

async function redeem (idp: Idp, shop: RegisteredClient, proof?: string, changes: Record<string, string> = {}) {
  const code = await idp.codeFor('alice', shop, { ...changes })
  return await postForm(idp, '/token', {
    ...credentialsOf(shop),
    grant_type: 'authorization_code',
    code,
    redirect_uri: shop.redirect_uris[0]!,
    code_verifier: codeVerifier
  }, proof === undefined ? {} : { dpop: proof })
}

const userinfo = (idp: Idp, authorization: string, proof?: string) =>
  idp.app.inject({ url: `${idp.base}/me`, headers: { authorization, ...(proof !== undefined && { dpop: proof }) } })

t.test('gives a client that does not use it a Bearer token, whatever it proves', async t => {
  const realm = await idp.newRealm()
  const shop = await registerShop(realm)
  const key = await makeClientKey()
  for (const proof of [await proofFor(realm, key, 'POST', '/token'), 'garbage']) {
    const response = await redeem(realm, shop, proof)
    t.match([response.statusCode, response.json().token_type], [200, 'Bearer'])
    t.equal((await userinfo(realm, `Bearer ${response.json().access_token}`)).statusCode, 200)
  }
  const bound = await redeem(realm, shop, undefined, { dpop_jkt: await calculateJwkThumbprint(key.jwk) })
  t.equal(bound.json().token_type, 'Bearer', 'nor is its code bound')
})

t.test('binds the token of a client that may use it to the key of its proof', async t => {
  const realm = await idp.newRealm()
  const shop = await registerShop(realm, { dpop: 'allowed' })
  const key = await makeClientKey()
  const { access_token: token, token_type: type } = (await redeem(realm, shop, await proofFor(realm, key, 'POST', '/token'))).json()
  t.equal(type, 'DPoP')
  const proof = (changes = {}) => proofFor(realm, key, 'GET', '/me', { accessToken: token, ...changes })
  t.equal((await userinfo(realm, `DPoP ${token}`, await proof())).json().sub, 'usr-7f3a91c0')

  t.equal((await userinfo(realm, `Bearer ${token}`)).statusCode, 401, 'not as a Bearer token')
  t.equal(
    (await userinfo(realm, `DPoP ${token}`, await proof({ accessToken: 'another' }))).statusCode,
    401,
    'not with the proof of another token'
  )
  t.equal(
    (await userinfo(realm, `DPoP ${token}`, await proof({ claims: { htm: 'POST' } }))).statusCode,
    401,
    'not with that of another request'
  )
  const stranger = await proofFor(realm, await makeClientKey(), 'GET', '/me', { accessToken: token })
  t.equal((await userinfo(realm, `DPoP ${token}`, stranger)).statusCode, 401, 'not with another key')

  const introspected = await postForm(realm, '/token/introspection', { ...credentialsOf(shop), token })
  t.same(introspected.json().cnf, { jkt: await calculateJwkThumbprint(key.jwk) })
  t.equal((await redeem(realm, shop)).json().token_type, 'Bearer', 'and without a proof it is a Bearer token')
})

t.test('demands a proof of a client that has to use it', async t => {
  const realm = await idp.newRealm()
  const shop = await registerShop(realm, { dpop: 'required' })
  const response = await redeem(realm, shop)
  t.equal(response.statusCode, 400)
  t.match(response.json(), { error: 'invalid_grant' })
  t.equal((await redeem(realm, shop, await proofFor(realm, await makeClientKey(), 'POST', '/token'))).json().token_type, 'DPoP')
})

t.test('takes a proof once, also when it comes several times in one moment', async t => {
  const realm = await idp.newRealm()
  const shop = await registerShop(realm, { dpop: 'required' })
  const proof = await proofFor(realm, await makeClientKey(), 'POST', '/token')
  const statuses = (await Promise.all([1, 2, 3].map(() => redeem(realm, shop, proof)))).map(({ statusCode }) => statusCode)
  t.same(statuses.sort(), [200, 400, 400])
})

t.test('gives the tokens of a code that was bound to a key to that key alone', async t => {
  const realm = await idp.newRealm()
  const shop = await registerShop(realm, { dpop: 'allowed' })
  const key = await makeClientKey()
  const bound = { dpop_jkt: await calculateJwkThumbprint(key.jwk) }
  t.equal((await redeem(realm, shop, undefined, bound)).json().error, 'invalid_grant')
  t.equal(
    (await redeem(realm, shop, await proofFor(realm, await makeClientKey(), 'POST', '/token'), bound)).json().error,
    'invalid_grant'
  )
  t.equal((await redeem(realm, shop, await proofFor(realm, key, 'POST', '/token'), bound)).json().token_type, 'DPoP')
})

t.test('announces it as soon as a client uses it', async t => {
  const realm = await idp.newRealm()
  t.notOk('dpop_signing_alg_values_supported' in await discover(realm))
  await registerShop(realm, { dpop: 'allowed' })
  t.same((await discover(realm))['dpop_signing_alg_values_supported'], ['RS256', 'ES256', 'PS256', 'EdDSA'])
})
