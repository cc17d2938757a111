import { createHash, generateKeyPairSync } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters } from 'jose'
import t, { type Test } from 'tap'
import type { ClientMetadata, Provider } from 'oidc-provider'
import { startBareProvider } from './bare-provider.ts'
import { Person } from './person.ts'
import { freeAddresses, ours, startRelyingParty, type FreeAddresses } from './relying-party.ts'

/** Sign in with a provider that has the client registered so, and say what came to its token endpoint. */
async function signIn (
  t: Test, client: Partial<ClientMetadata>, settings: Record<string, string>, given?: FreeAddresses
) {
  const addresses = given ?? await freeAddresses()
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
const rsaPublic = await exportJWK(rsa.publicKey)
const [ec, ed] = await Promise.all(['ES256', 'EdDSA'].map(async alg => {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { publicJwk: await exportJWK(publicKey), privateJwk: await exportJWK(privateKey) }
}))
// Microsoft Entra ID finds the key by its certificate.
const thumbprint = { 'x5t#S256': createHash('sha256').update('a certificate').digest('base64url') }

const keys: { label: string, publicJwk: JWK, privateKey: string, header: JWTHeaderParameters }[] = [
  {
    label: 'an RSA key in PEM',
    publicJwk: rsaPublic,
    privateKey: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    header: { alg: 'RS256' }
  },
  {
    label: 'an RSA key as a JWK that names its algorithm and its certificate',
    publicJwk: rsaPublic,
    privateKey: JSON.stringify({ ...await exportJWK(rsa.privateKey), alg: 'PS256', ...thumbprint }),
    header: { alg: 'PS256', ...thumbprint }
  },
  {
    label: 'an EC key as a JWK',
    publicJwk: { ...ec!.publicJwk, kid: 'of-2026' },
    privateKey: JSON.stringify({ ...ec!.privateJwk, kid: 'of-2026' }),
    header: { alg: 'ES256', kid: 'of-2026' }
  },
  {
    label: 'an Ed25519 key as a JWK',
    publicJwk: ed!.publicJwk,
    privateKey: JSON.stringify(ed!.privateJwk),
    header: { alg: 'Ed25519' }
  }
]

const withKey = (jwk: JWK, alg: string) => ({
  client_secret: undefined,
  token_endpoint_auth_method: 'private_key_jwt',
  token_endpoint_auth_signing_alg: alg,
  jwks: { keys: [jwk] }
} as Partial<ClientMetadata>)
const byKey = (privateKey: string) => ({
  OIDC_CLIENT_AUTH: 'private_key_jwt', OIDC_PRIVATE_KEY: privateKey, OIDC_CLIENT_SECRET: ''
})

for (const { label, publicJwk, privateKey, header } of keys) {
  t.test(`authenticates with ${label}, and shows no secret`, async t => {
    const { person, page, tokenRequest, provider } = await signIn(t, withKey(publicJwk, header.alg), byKey(privateKey))
    t.match(await person.session(), { authenticated: true, user: { sub: 'ada' } }, page.$('dl').text())
    t.notMatch(tokenRequest?.body, { client_secret: String })
    const { client_assertion: assertion } = tokenRequest!.body
    t.match(decodeProtectedHeader(assertion!), header)
    t.equal(decodeJwt(assertion!).aud, provider.issuer, 'so that no other provider can use it')
  })
}

t.test('names the token endpoint as who is to believe its assertion, for a provider that wants that', async t => {
  const addresses = await freeAddresses()
  const audience = `${addresses.idp}/token`
  const { person, page, tokenRequest } = await signIn(t, withKey(rsaPublic, 'RS256'), {
    ...byKey(keys[0]!.privateKey), OIDC_ASSERTION_AUDIENCE: audience
  }, addresses)
  t.match(await person.session(), { authenticated: true }, page.$('dl').text())
  t.equal(decodeJwt(tokenRequest!.body['client_assertion']!).aud, audience)
})

t.test('is refused when it signs with a key that is not registered', async t => {
  const { publicKey } = await generateKeyPair('ES256', { extractable: true })
  const { person, page } = await signIn(t, withKey(await exportJWK(publicKey), 'ES256'), byKey(JSON.stringify(ec!.privateJwk)))
  t.equal(page.$('dl code').text(), 'invalid_client')
  t.match(await person.session(), { authenticated: false })
})
