import { decodeJwt } from 'jose'
import t, { type Test } from 'tap'
import { deviceCodeGrant } from '../../../services/idp/clients.ts'
import type { Page } from '../../helpers/browser.ts'
import { startIdp, Visitor, type Idp } from '../helper.ts'
import { credentialsOf, discover, postForm, registerShop, type ClientChanges } from './helper.ts'

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

async function start (t: Test, changes: ClientChanges = {}, realm?: string) {
  const root = await startIdp(t)
  const idp = realm === undefined ? root : await root.realm(realm)
  const client = await registerShop(idp, { ...television, ...changes }, 'television')
  const ask = async (fields: Record<string, string> = {}): Promise<DeviceAuthorization> =>
    (await postForm(idp, '/device/auth', { ...credentialsOf(client), scope: 'openid email', ...fields })).json()
  const poll = (deviceCode: string, as = client) =>
    postForm(idp, '/token', { ...credentialsOf(as), grant_type: deviceCodeGrant, device_code: deviceCode })
  return { idp, client, ask, poll }
}

const typeIn = async (idp: Idp, visitor: Visitor, userCode: string): Promise<Page> =>
  await visitor.submit(await visitor.open('/device'), { user_code: userCode }, 'Continue')

const credentials = { username: 'alice', password: 'alice-lab' }

for (const realm of [undefined, 'harbour']) {
  t.test(`signs in a device by a code that a person types in${realm ? ', in a realm' : ''}`, async t => {
    const { idp, ask, poll } = await start(t, {}, realm)
    const asked = await ask()
    t.match(asked, {
      user_code: /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/,
      verification_uri: `${idp.issuer}/device`,
      expires_in: 600
    })
    t.match(
      [(await poll(asked.device_code)).statusCode, (await poll(asked.device_code)).json().error],
      [400, 'authorization_pending']
    )

    const visitor = new Visitor(idp)
    const confirm = await typeIn(idp, visitor, asked.user_code.toLowerCase().replace('-', ' '))
    t.equal(confirm.$('h1').text(), 'Connect Television?')
    t.equal(confirm.$('p.user-code').text(), asked.user_code)
    const done = await visitor.submit(await visitor.submit(confirm, {}, 'Sign in and connect'), credentials, 'Sign in')
    t.equal(done.$('h1').text(), 'Connected')
    t.match(done.$('.lead').text(), 'Television')

    const tokens = (await poll(asked.device_code)).json()
    t.match(decodeJwt(tokens.id_token), {
      sub: 'usr-7f3a91c0', aud: 'television', iss: `${idp.issuer}`, amr: ['pwd']
    })
    t.equal((await idp.userinfo(tokens.access_token)).json().email, 'alice@example.org')
    t.equal((await poll(asked.device_code)).json().error, 'invalid_grant', 'once')
  })
}

t.test('shows who is signed in, and asks them for nothing but the click', async t => {
  const { idp, ask, poll } = await start(t)
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  const { device_code: deviceCode, user_code: userCode } = await ask()
  const confirm = await typeIn(idp, visitor, userCode)
  t.match(confirm.$('.lead').text(), 'Alice Anders')
  t.equal((await visitor.submit(confirm, {}, 'Connect the device')).$('h1').text(), 'Connected')
  t.equal((await poll(deviceCode)).statusCode, 200)
})

t.test('fills in the code of a link, and sends it only when a person does', async t => {
  const { idp, ask, poll } = await start(t)
  const { verification_uri_complete: link, user_code: userCode, device_code: deviceCode } = await ask()
  const visitor = new Visitor(idp)
  const page = await visitor.open(link)
  t.equal(page.$('#user_code').attr('value'), userCode)
  t.equal(page.$('script').length, 0)
  t.equal((await poll(deviceCode)).json().error, 'authorization_pending')
  t.equal((await visitor.submit(page, {}, 'Continue')).$('p.user-code').text(), userCode)
  const hostile = await visitor.open(`/device?${new URLSearchParams({ user_code: '"><img src=x>' })}`)
  t.equal(hostile.$('main img').length, 0)
})

t.test('tells the device when a person cancels', async t => {
  const { idp, ask, poll } = await start(t)
  const { device_code: deviceCode, user_code: userCode } = await ask()
  const visitor = new Visitor(idp)
  const page = await visitor.submit(await typeIn(idp, visitor, userCode), {}, 'Cancel')
  t.match([page.status, page.$('h1').text()], [200, 'Not connected'])
  t.equal((await poll(deviceCode)).json().error, 'access_denied')
})

t.test('tells the device when a person cancels on the sign-in page', async t => {
  const { idp, ask, poll } = await start(t)
  const { device_code: deviceCode, user_code: userCode } = await ask()
  const visitor = new Visitor(idp)
  const signIn = await visitor.submit(await typeIn(idp, visitor, userCode), {}, 'Sign in and connect')
  t.equal((await visitor.submit(signIn, {}, 'Cancel and go back')).$('h1').text(), 'Not connected')
  t.equal((await poll(deviceCode)).json().error, 'access_denied')
})

t.test('asks for consent where the application is not first-party', async t => {
  const { idp, ask, poll } = await start(t, { first_party: false })
  const { device_code: deviceCode, user_code: userCode } = await ask()
  const visitor = new Visitor(idp)
  const confirm = await typeIn(idp, visitor, userCode)
  const consent = await visitor.submit(await visitor.submit(confirm, {}, 'Sign in and connect'), credentials, 'Sign in')
  t.equal(consent.$('h1').text(), 'Allow Television?')
  t.equal((await visitor.submit(consent, {}, 'Allow')).$('h1').text(), 'Connected')
  t.equal((await poll(deviceCode)).json().scope, 'openid email')
})

t.test('says what is wrong with a code, and lets a person try again', async t => {
  const { idp, ask } = await start(t)
  const { user_code: userCode } = await ask()
  const visitor = new Visitor(idp)
  for (const [code, words] of [
    ['BBBB-BBBB', 'There is no such code'],
    ['', 'Type the code'],
    ['<b>', 'There is no such code']
  ] as const) {
    const page = await typeIn(idp, visitor, code)
    t.equal(page.status, 422, code)
    t.match(page.$('#refusal').text(), words)
    t.equal(page.$('main b').length, 0)
  }
  const confirm = await visitor.submit(await typeIn(idp, visitor, 'BBBB-BBBB'), { user_code: userCode }, 'Continue')
  t.equal(confirm.$('p.user-code').text(), userCode)
  await visitor.submit(confirm, {}, 'Cancel')
  t.match((await typeIn(idp, visitor, userCode)).$('#refusal').text(), 'That code has been used')
})

t.test('ends a code after ten minutes', async t => {
  const { idp, ask, poll } = await start(t)
  const { device_code: deviceCode, user_code: userCode } = await ask()
  await idp.lab.clock.advance(601)
  t.match((await typeIn(idp, new Visitor(idp), userCode)).status, 422)
  t.match((await poll(deviceCode)).json().error, /^(expired_token|invalid_grant)$/)
  await idp.lab.clock.reset()
})

t.test('lets no other site answer its questions', async t => {
  const { idp, ask, poll } = await start(t)
  const { device_code: deviceCode, user_code: userCode } = await ask()
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  t.equal((await visitor.post('/device', { user_code: userCode, confirm: 'yes' })).status, 400, 'without having seen a page')
  await visitor.open('/device')
  const page = await visitor.post('/device', { user_code: userCode, confirm: 'yes', xsrf: 'guessed' })
  t.match([page.status, page.$('#user_code').length], [400, 1])
  t.equal((await poll(deviceCode)).json().error, 'authorization_pending')
})

t.test('signs somebody else out first when another person signs in for a device', async t => {
  const { idp, client, ask, poll } = await start(t)
  const claims = JSON.stringify({ id_token: { sub: { value: 'usr-7f3a91c0' } } })
  const { device_code: deviceCode, user_code: userCode } = await ask({ scope: 'openid', claims })
  const visitor = new Visitor(idp)
  await visitor.signIn('bob')
  const signIn = await visitor.submit(await typeIn(idp, visitor, userCode), {}, 'Connect the device')
  const between = await visitor.submit(signIn, credentials, 'Sign in')
  t.equal(between.$('h1').text(), 'Somebody else is signed in')
  t.equal((await visitor.submit(between, {}, 'Continue')).$('h1').text(), 'Connected')
  t.match(decodeJwt((await poll(deviceCode, client)).json().id_token), { sub: 'usr-7f3a91c0' })
})

t.test('gives a device that asks for offline access a refresh token that works', async t => {
  const { idp, client, ask, poll } = await start(t)
  const { device_code: deviceCode, user_code: userCode } = await ask({ scope: 'openid offline_access' })
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  await visitor.submit(await typeIn(idp, visitor, userCode), {}, 'Connect the device')
  const { refresh_token: refreshToken } = (await poll(deviceCode)).json()
  const refreshed = await postForm(idp, '/token', {
    ...credentialsOf(client), grant_type: 'refresh_token', refresh_token: refreshToken
  })
  t.equal(refreshed.statusCode, 200)
})

t.test('gives nothing to a client without this grant, nor to one that asks with the code of another', async t => {
  const { idp, ask, poll } = await start(t)
  const shop = await registerShop(idp)
  const refused = await postForm(idp, '/device/auth', { ...credentialsOf(shop), scope: 'openid' })
  t.match([refused.statusCode, refused.json().error], [400, /^(invalid_request|unauthorized_client)$/])
  const other = await registerShop(idp, { ...television, client_name: 'Radio' }, 'radio')
  const { device_code: deviceCode, user_code: userCode } = await ask()
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  await visitor.submit(await typeIn(idp, visitor, userCode), {}, 'Connect the device')
  t.equal((await poll(deviceCode, other)).json().error, 'invalid_grant')
})

t.test('announces it as soon as a client has this grant', async t => {
  const { idp } = await start(t)
  t.match(await discover(idp), {
    device_authorization_endpoint: `${idp.config.issuer}/device/auth`,
    grant_types_supported: ['authorization_code', 'refresh_token', deviceCodeGrant]
  })
  await idp.lab.clients.remove('television')
  const document = await discover(idp)
  t.notOk('device_authorization_endpoint' in document)
  t.same(document['grant_types_supported'], ['authorization_code', 'refresh_token'])
})
