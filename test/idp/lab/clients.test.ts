import { decodeProtectedHeader } from 'jose'
import t from 'tap'
import { refusalOf, startIdp, Visitor } from '../helper.ts'

const shop = {
  client_name: 'Shop',
  client_uri: 'http://shop.localhost/',
  client_secret: 'lab-only-secret-of-the-shop',
  token_endpoint_auth_method: 'client_secret_post' as const,
  redirect_uris: ['http://shop.localhost/callback'],
  grant_types: ['authorization_code' as const],
  scope: 'openid profile',
  first_party: true
}

t.test('serves a client that was registered a moment ago', async t => {
  const idp = await startIdp(t)
  const client = await idp.lab.clients.put('shop', shop)
  const { location } = await new Visitor(idp).signIn('alice', client, { scope: 'openid profile' })
  t.equal(location?.origin, 'http://shop.localhost')
  t.match((await idp.redeem(client, location!.searchParams.get('code')!)).json(), { id_token: String, scope: 'openid profile' })
})

t.test('lets the sign-in page lead back to a client that was registered a moment ago', async t => {
  const idp = await startIdp(t)
  const client = await idp.lab.clients.put('shop', shop)
  const { headers } = await new Visitor(idp).open(idp.authorizationRequest(client, { scope: 'openid' }))
  t.match(headers.get('content-security-policy'), /form-action [^;]*http:\/\/shop\.localhost/)
})

t.test('goes by a changed registration from the next request on', async t => {
  const idp = await startIdp(t)
  const moved = await idp.lab.clients.patch('relying-party', { redirect_uris: ['http://elsewhere.localhost/callback'] })
  t.equal((await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty))).status, 400)
  const { location } = await new Visitor(idp).signIn('alice', moved)
  t.equal(location?.host, 'elsewhere.localhost')
  await idp.lab.clients.patch('relying-party', { client_secret: 'another-lab-only-secret' })
  t.equal((await idp.redeem(moved, location!.searchParams.get('code')!)).statusCode, 401)
})

t.test('knows a removed client no more, nor its tokens', async t => {
  const idp = await startIdp(t)
  const { access_token: accessToken } = await idp.tokensFor('alice')
  await idp.lab.clients.remove('relying-party')
  await idp.lab.clients.remove('relying-party')
  t.equal((await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty))).status, 400)
  t.equal((await idp.userinfo(accessToken)).statusCode, 401)
  t.equal((await refusalOf(idp.lab.clients.get('relying-party'))).status, 404)
  await idp.lab.clients.reset()
  t.ok((await idp.tokensFor('bob')).id_token)
})

for (const alg of ['RS256', 'ES256', 'PS256', 'EdDSA'] as const) {
  t.test(`signs with ${alg} for a client that asks for it, and says so in discovery`, async t => {
    const idp = await startIdp(t)
    await idp.lab.clients.patch('relying-party', { id_token_signed_response_alg: alg })
    const header = decodeProtectedHeader((await idp.tokensFor('alice')).id_token)
    const { keys } = (await idp.app.inject('/jwks')).json()
    t.match(keys.find(({ kid }: { kid: string }) => kid === header.kid), { alg, use: 'sig' })
    t.equal(header.alg, alg)
    const discovery = (await idp.app.inject('/.well-known/openid-configuration')).json()
    t.ok(discovery.id_token_signing_alg_values_supported.includes(alg))
    t.equal(decodeProtectedHeader((await idp.tokensFor('alice', idp.genesys)).id_token).alg, 'RS256', 'and RS256 for the others')
  })
}

const refused: [string, Record<string, unknown>, RegExp][] = [
  ['a secret that can be guessed', { ...shop, client_secret: 'secret' }, /body\.client_secret: must NOT have fewer than 16/],
  ['no redirect URI', { ...shop, redirect_uris: [] }, /redirect_uris/],
  ['a redirect URI with a port that there is not', { ...shop, redirect_uris: ['http://shop.localhost:99999/'] }, /redirect_uris/],
  ['an algorithm that there is not', { ...shop, id_token_signed_response_alg: 'HS256' }, /id_token_signed_response_alg/],
  ['a member that there is not', { ...shop, redirect_uri: 'x' }, /body\.redirect_uri: there is no such member/],
  ['a name missing', { ...shop, client_name: undefined }, /body\.client_name: is missing/]
]
for (const [label, fields, description] of refused) {
  t.test(`refuses a registration with ${label}, and registers nothing`, async t => {
    const { lab } = await startIdp(t)
    t.match(await refusalOf(lab.clients.put('shop', fields)), { status: 400, error: 'invalid_request', description })
    t.equal((await refusalOf(lab.clients.get('shop'))).status, 404)
  })
}

t.test('puts all clients back, also after a restart in between, and for good', async t => {
  const stateFolder = t.testdir({})
  const first = await startIdp(t, { STATE_DIR: stateFolder })
  const before = await first.lab.clients.list()
  await first.lab.clients.put('shop', shop)
  await first.lab.clients.remove('genesys-messenger')
  await first.app.close()
  const second = await startIdp(t, { STATE_DIR: stateFolder })
  t.strictSame((await second.lab.clients.list()).map(({ client_id: id }) => id), ['relying-party', 'shop'])
  await second.lab.clients.reset()
  t.strictSame(await second.lab.clients.list(), before)
  await second.app.close()
  t.strictSame(await (await startIdp(t, { STATE_DIR: stateFolder })).lab.clients.list(), before)
})
