import t from 'tap'
import { codeVerifier, startIdp, type Idp } from '../helper.ts'
import type { RegisteredClient } from '../../../services/idp/clients.ts'
import { discover, makeClientKey, postForm, proofFor, registerShop, sign, type ClientChanges, type ClientKey } from './helper.ts'

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
  const idp = await startIdp(t)
  const shop = await registerShop(idp, page)
  t.equal((await redeem(idp, shop, { client_id: 'shop' })).statusCode, 200)
  t.equal(
    (await redeem(idp, shop, { client_id: 'shop', code_verifier: codeVerifier.replace('a', 'b') })).json().error,
    'invalid_grant'
  )
  t.equal(
    (await redeem(idp, shop, { client_id: 'shop', client_secret: 'a-secret-that-it-has-not' })).json().error,
    'invalid_client'
  )
})

t.test('takes no public client without PKCE', async t => {
  const idp = await startIdp(t)
  const shop = await registerShop(idp, page)
  const response = await idp.app.inject(idp.authorizationRequest(shop, {
    code_challenge: undefined, code_challenge_method: undefined
  }))
  t.match(response.headers.location, /error=invalid_request/)
})

t.test('lets a page call that is a client itself, with a token bound to its key, and no page of another origin', async t => {
  const idp = await startIdp(t)
  const shop = await registerShop(idp, { ...page, dpop: 'required' })
  const key = await makeClientKey()
  const asked = await idp.app.inject({
    method: 'OPTIONS',
    url: '/token',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'dpop' }
  })
  t.match(
    [asked.statusCode, asked.headers['access-control-allow-origin'], asked.headers['access-control-allow-headers']],
    [204, origin, 'dpop']
  )

  const response = await redeem(idp, shop, { client_id: 'shop' }, { origin, dpop: await proofFor(idp, key, 'POST', '/token') })
  t.match(
    [response.statusCode, response.headers['access-control-allow-origin'], response.json().token_type],
    [200, origin, 'DPoP']
  )

  const { access_token: accessToken } = response.json()
  const userinfo = await idp.app.inject({
    url: '/me',
    headers: { origin, authorization: `DPoP ${accessToken}`, dpop: await proofFor(idp, key, 'GET', '/me', { accessToken }) }
  })
  t.match([userinfo.json().sub, userinfo.headers['access-control-allow-origin']], ['usr-7f3a91c0', origin])

  const elsewhere = await redeem(idp, shop, { client_id: 'shop' }, {
    origin: 'https://evil.example', dpop: await proofFor(idp, key, 'POST', '/token')
  })
  t.match([elsewhere.statusCode, elsewhere.headers['access-control-allow-origin']], [400, undefined])
})

t.test('lets no page call for a client with a secret, which pages cannot keep', async t => {
  const idp = await startIdp(t)
  const shop = await registerShop(idp)
  const response = await redeem(idp, shop, { client_id: 'shop', client_secret: shop.client_secret! }, { origin })
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
    const idp = await startIdp(t)
    const key = await makeClientKey(alg)
    const shop = await registerShop(idp, signing(key))
    t.equal((await redeem(idp, shop, await assertion(idp, shop, key))).statusCode, 200)
  })
}

t.test('refuses an assertion that another has signed, that is for another, or that was used', async t => {
  const idp = await startIdp(t)
  const key = await makeClientKey()
  const shop = await registerShop(idp, signing(key))
  const once = await assertion(idp, shop, key)
  const attempts: [string, Record<string, string>, number][] = [
    ['the key of somebody else', await assertion(idp, shop, await makeClientKey()), 401],
    ['another audience', await assertion(idp, shop, key, { aud: 'https://other.example' }), 401],
    ['another subject', await assertion(idp, shop, key, { sub: 'relying-party' }), 401],
    ['no assertion', { client_id: 'shop' }, 401],
    ['a good one', once, 200],
    ['the same again', once, 401]
  ]
  for (const [label, fields, status] of attempts) t.equal((await redeem(idp, shop, fields)).statusCode, status, label)
})

t.test('takes an assertion once, also when it comes several times in one moment', async t => {
  const idp = await startIdp(t)
  const key = await makeClientKey()
  const shop = await registerShop(idp, signing(key))
  const once = await assertion(idp, shop, key)
  const statuses = (await Promise.all([1, 2, 3].map(() => redeem(idp, shop, once)))).map(({ statusCode }) => statusCode)
  t.same(statuses.sort(), [200, 401, 401])
})

t.test('announces the ways to authenticate that its clients have', async t => {
  const idp = await startIdp(t)
  const methods = async () => (await discover(idp))['token_endpoint_auth_methods_supported']
  t.same(await methods(), ['client_secret_basic', 'client_secret_post'])
  await registerShop(idp, page)
  t.same(await methods(), ['client_secret_basic', 'client_secret_post', 'none'])
  await registerShop(idp, signing(await makeClientKey()))
  t.match(await discover(idp), {
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS256', 'ES256', 'PS256', 'EdDSA']
  })
})
