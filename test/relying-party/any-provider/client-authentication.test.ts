import { generateKeyPairSync } from 'node:crypto'
import { decodeProtectedHeader, exportJWK, generateKeyPair, type JWK } from 'jose'
import t, { type Test } from 'tap'
import type { ClientMetadata, Provider } from 'oidc-provider'
import { startBareProvider } from './bare-provider.ts'
import { Person } from './person.ts'
import { freeAddresses, ours, startRelyingParty } from './relying-party.ts'

/** Sign in with a provider that has the client registered so, and say what came to its token endpoint. */
async function signIn (t: Test, client: Partial<ClientMetadata>, settings: Record<string, string>) {
  const addresses = await freeAddresses()
  const prepare = client.token_endpoint_auth_method === 'client_secret_post' ? refuseHeaders : undefined
  const provider = await startBareProvider(t, addresses, { client, ...(prepare && { prepare }) })
  const { origin } = await startRelyingParty(t, addresses, settings)
  const person = new Person(origin)
  const page = await person.signIn()
  return { person, page, provider, tokenRequest: provider.at('/token')[0] }
}

/** oidc-provider takes a secret in the header and in the form alike. Others insist on what is registered. */
function refuseHeaders (provider: Provider) {
  provider.use(async (ctx, next) => {
    if (ctx.path !== '/token' || ctx.get('authorization') === '') return next()
    ctx.status = 401
    ctx.body = { error: 'invalid_client' }
  })
}

t.test('authenticates in a header where nothing else is set, encoded as the specification wants it', async t => {
  const { person, page, tokenRequest } = await signIn(t, { token_endpoint_auth_method: 'client_secret_basic' }, {})
  t.match(await person.session(), { authenticated: true, user: { sub: 'ada' } }, page.$('dl').text())
  const [id, secret] = Buffer.from(tokenRequest!.authorization.replace('Basic ', ''), 'base64').toString().split(':')
  t.equal(decodeURIComponent(id!), ours.clientId)
  t.equal(decodeURIComponent(secret!), ours.clientSecret)
  t.notMatch(tokenRequest!.body, { client_secret: String })
})

t.test('authenticates in the form, for a provider that takes no header', async t => {
  const client = { token_endpoint_auth_method: 'client_secret_post' } as const
  const { person, page, tokenRequest } = await signIn(t, client, { OIDC_CLIENT_AUTH: 'client_secret_post' })
  t.match(await person.session(), { authenticated: true, user: { sub: 'ada' } }, page.$('dl').text())
  t.equal(tokenRequest?.authorization, '')
  t.match(tokenRequest?.body, { client_id: ours.clientId, client_secret: ours.clientSecret })
})

t.test('says that its credentials are refused when it authenticates in another way than it is registered for', async t => {
  const { person, page } = await signIn(t, { token_endpoint_auth_method: 'client_secret_post' }, {})
  t.equal(page.status, 400)
  t.equal(page.$('dl code').text(), 'invalid_client')
  t.match(await person.session(), { authenticated: false })
})

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const [ec, ed] = await Promise.all(['ES256', 'EdDSA'].map(alg => generateKeyPair(alg, { extractable: true })))

const keys: [string, string, JWK, string, string | undefined][] = [
  ['RSA key in PEM', 'RS256', await exportJWK(rsa.publicKey), rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), undefined],
  ['EC key as a JWK', 'ES256', await exportJWK(ec!.publicKey), JSON.stringify({ ...await exportJWK(ec!.privateKey), kid: 'of-2026' }), 'of-2026'],
  ['Ed25519 key as a JWK', 'Ed25519', await exportJWK(ed!.publicKey), JSON.stringify(await exportJWK(ed!.privateKey)), undefined]
]
for (const [label, alg, publicJwk, privateKey, kid] of keys) {
  t.test(`authenticates with an ${label}, and shows no secret`, async t => {
    const jwk = { ...publicJwk, ...(kid && { kid }) }
    const { person, page, tokenRequest, provider } = await signIn(t, {
      client_secret: undefined,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: alg,
      jwks: { keys: [jwk] }
    } as Partial<ClientMetadata>, { OIDC_CLIENT_AUTH: 'private_key_jwt', OIDC_PRIVATE_KEY: privateKey, OIDC_CLIENT_SECRET: '' })
    t.match(await person.session(), { authenticated: true, user: { sub: 'ada' } }, page.$('dl').text())
    t.notMatch(tokenRequest?.body, { client_secret: String })
    const { client_assertion: assertion } = tokenRequest!.body
    t.match(decodeProtectedHeader(assertion!), { alg, ...(kid && { kid }) })
    const { aud } = JSON.parse(Buffer.from(assertion!.split('.')[1]!, 'base64url').toString())
    t.equal(aud, provider.issuer, 'so that no other provider can use it')
  })
}

t.test('is refused when it signs with a key that is not registered', async t => {
  const { person, page } = await signIn(t, {
    client_secret: undefined,
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    jwks: { keys: [await exportJWK((await generateKeyPair('ES256', { extractable: true })).publicKey)] }
  } as Partial<ClientMetadata>, { OIDC_CLIENT_AUTH: 'private_key_jwt', OIDC_PRIVATE_KEY: keys[1]![3], OIDC_CLIENT_SECRET: '' })
  t.equal(page.$('dl code').text(), 'invalid_client')
  t.match(await person.session(), { authenticated: false })
})
