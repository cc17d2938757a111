// How the relying party says who it is, whom it trusts, and where its secrets are.
import { createHash, generateKeyPairSync } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, exportJWK, exportPKCS8, generateKeyPair, type JWK, type JWTHeaderParameters } from 'jose'
import type { ClientMetadata, Provider } from 'oidc-provider'
import t, { type Test } from 'tap'
import { loadRelyingPartyConfig } from '../../../services/relying-party/config.ts'
import { labSettings } from '../../helpers/lab.ts'
import { takeKeysFromFile } from '../../helpers/keys.ts'
import { until } from '../../helpers/until.ts'
import { anotherAuthority, authority } from '../../lib/tls.ts'
import { startBareProvider } from './bare-provider.ts'
import { Person } from './person.ts'
import { freeAddresses, type FreeAddresses, ours, startRelyingParty } from './relying-party.ts'

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

takeKeysFromFile()
const rsa = await generateKeyPair('RS256', { extractable: true })
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
    privateKey: await exportPKCS8(rsa.privateKey),
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

/** A provider whose certificate is of an authority that no system trusts, and a relying party with these settings. */
async function start (t: Test, settings: (files: string) => Record<string, string>) {
  const addresses = await freeAddresses()
  const provider = await startBareProvider(t, addresses, { tls: true })
  const files = t.testdir({ state: {}, 'authority.pem': authority, 'another.pem': anotherAuthority })
  const { app, origin } = await startRelyingParty(t, addresses, {
    STATE_DIR: `${files}/state`, IDP_ISSUER: provider.issuer, ...settings(files)
  })
  const readiness = async () => (await app.inject('/readyz')).json() as { status: string, reason?: string }
  return { provider, readiness, person: new Person(origin, { ca: authority }), origin }
}

const untrusting: [string, (files: string) => Record<string, string>][] = [
  ['that nobody told it of', () => ({})],
  ['that is not the one it was told of', files => ({ OIDC_CA_FILE: `${files}/another.pem` })]
]
for (const [label, settings] of untrusting) {
  t.test(`does not talk to a provider whose certificate is of an authority ${label}, and says why`, async t => {
    const { provider, readiness, person } = await start(t, settings)
    await until('discovery has been tried', async () => (await readiness()).reason?.includes('UNABLE_TO_') === true)
    const { status, reason } = await readiness()
    t.equal(status, 'not ready')
    t.match(reason, `no discovery document from ${provider.issuer}`)
    t.match(reason, /certificate/)

    const page = await person.signIn()
    t.equal(page.status, 503)
    t.match(page.$('dl').text(), /certificate/, 'the page says it, too')
    t.same(provider.received, [])
  })
}

t.test('talks to it by OIDC_CA_FILE: discovery, tokens, keys and userinfo', async t => {
  const { person, readiness, provider, origin } = await start(t, files => ({ OIDC_CA_FILE: `${files}/authority.pem` }))
  await until('discovery has succeeded', async () => (await readiness()).status === 'ready')
  const page = await person.signIn()
  t.equal(page.url, `${origin}/`, page.$('dl').text())
  t.match(await person.session(), { authenticated: true, user: { sub: 'ada' } })
  t.match(await person.profile(), { status: 200, body: { sub: 'ada' } })
  for (const path of ['/.well-known/openid-configuration', '/token', '/jwks', '/me']) t.ok(provider.at(path).length > 0, path)
})

t.test('takes the certificates themselves as well, and those of several authorities', async t => {
  const { person } = await start(t, () => ({ OIDC_CA: `${anotherAuthority}${authority}` }))
  await person.signIn()
  t.match(await person.session(), { authenticated: true })
})

const sessionKey = 'ab'.repeat(32)

t.test('signs in with its secrets in files, as Compose hands them out', async t => {
  const addresses = await freeAddresses()
  await startBareProvider(t, addresses)
  const files = t.testdir({ state: {}, 'client-secret': `${ours.clientSecret}\n`, 'session-key': `${sessionKey}\n` })
  const { origin, config, lines } = await startRelyingParty(t, addresses, {
    STATE_DIR: `${files}/state`,
    OIDC_CLIENT_SECRET: '',
    OIDC_CLIENT_SECRET_FILE: `${files}/client-secret`,
    SESSION_KEY: '',
    SESSION_KEY_FILE: `${files}/session-key`
  })
  t.equal(config.session.key.toString('hex'), sessionKey)
  const person = new Person(origin)
  const page = await person.signIn()
  t.match(await person.session(), { authenticated: true }, page.$('dl').text())
  t.notMatch(lines.join(''), ours.clientSecret)
})

t.test('signs in with its private key in a file', async t => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const addresses = await freeAddresses()
  await startBareProvider(t, addresses, {
    client: {
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [await exportJWK(publicKey)] }
    }
  })
  const files = t.testdir({ state: {}, 'key.pem': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() })
  const { origin } = await startRelyingParty(t, addresses, {
    STATE_DIR: `${files}/state`,
    OIDC_CLIENT_SECRET: '',
    OIDC_CLIENT_AUTH: 'private_key_jwt',
    OIDC_PRIVATE_KEY_FILE: `${files}/key.pem`
  })
  const person = new Person(origin)
  const page = await person.signIn()
  t.match(await person.session(), { authenticated: true }, page.$('dl').text())
})

const inFile = (name: string, path: string) => ({ [name]: '', [`${name}_FILE`]: path })
const mistakes: [string, (files: string) => Record<string, string>, RegExp][] = [
  ['is not there', files => inFile('OIDC_CLIENT_SECRET', `${files}/no`), /OIDC_CLIENT_SECRET_FILE: \S+no cannot be read/],
  ['is empty', files => inFile('OIDC_CLIENT_SECRET', `${files}/empty`), /OIDC_CLIENT_SECRET_FILE: \S+empty is empty/],
  ['is beside a variable', files => ({ SESSION_KEY_FILE: `${files}/short` }), /SESSION_KEY: is set, and so is SESSION_KEY_FILE/],
  ['holds something else', files => inFile('SESSION_KEY', `${files}/short`), /SESSION_KEY_FILE: what \S+short holds/],
  [
    'holds no private key',
    files => ({ OIDC_CLIENT_AUTH: 'private_key_jwt', ...inFile('OIDC_PRIVATE_KEY', `${files}/short`) }),
    /OIDC_PRIVATE_KEY_FILE: what \S+short .* a private key/
  ],
  [
    'holds a JWK that breaks off',
    files => ({ OIDC_CLIENT_AUTH: 'private_key_jwt', ...inFile('OIDC_PRIVATE_KEY', `${files}/broken.json`) }),
    /OIDC_PRIVATE_KEY_FILE: what \S+broken.json .* a private key/
  ],
  ['holds no certificate', files => inFile('OIDC_CA', `${files}/short`), /OIDC_CA_FILE: what \S+short .* certificates in PEM/]
]
for (const [label, settings, message] of mistakes) {
  t.test(`does not start, and says which file, when one ${label}; and never what is in it`, async t => {
    const files = t.testdir({ empty: '', short: 'hunter2', 'broken.json': '{ "kty": "EC", "d": hunter2' })
    const error = t.throws(() => loadRelyingPartyConfig(labSettings(settings(files))), { name: 'SettingsError', message })
    t.notMatch((error as Error).message, 'hunter2')
  })
}
