import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import Provider, { type AdapterPayload, type Configuration } from 'oidc-provider'
import t, { type Test } from 'tap'
import { buildApp, deploymentId, env, startGenesys } from './helper.ts'

const redirectUris = [
  'http://app.localhost:3000/messenger/callback',
  'http://app.localhost:3000/messenger/callback?tenant=a%20b&error=x',
  'http://app.localhost:3000'
]
const accounts: Record<string, object> = {
  ada: { given_name: 'Ada', family_name: 'Lovelace', name: 'Ada Lovelace', email: 'ada@example.com', email_verified: true }
}
const day = 24 * 60 * 60

/** A real identity provider that gives codes without a sign-in. */
async function startIdp (t: Test) {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { server.close().closeAllConnections() })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const provider = new Provider(issuer, {
    adapter: memory(),
    jwks: { keys: [{ ...await exportJWK(privateKey), alg: 'RS256', use: 'sig', kid: 'first' }] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    features: { devInteractions: { enabled: false } },
    ttl: { AccessToken: 300, AuthorizationCode: 60, Grant: day, IdToken: 300, Interaction: 60, RefreshToken: day, Session: day },
    clients: [{ client_id: env.GENESYS_CLIENT_ID, client_secret: env.GENESYS_CLIENT_SECRET, token_endpoint_auth_method: 'client_secret_post', redirect_uris: redirectUris }],
    claims: { profile: ['name', 'given_name', 'family_name'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    scopes: ['openid', 'offline_access'],
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub, ...accounts[sub] }) })
  })
  let up = true
  server.on('request', (request, response) => up ? provider.callback()(request, response) : response.writeHead(503).end())

  async function code ({ redirectUri = redirectUris[0]!, nonce, codeVerifier, authTime }: {
    redirectUri?: string
    nonce?: string
    codeVerifier?: string
    authTime?: number
  } = {}) {
    const client = (await provider.Client.find(env.GENESYS_CLIENT_ID))!
    const scope = 'openid profile email'
    const grant = new provider.Grant({ accountId: 'ada', clientId: client.clientId })
    grant.addOIDCScope(scope)
    return await new provider.AuthorizationCode({
      client,
      accountId: 'ada',
      grantId: await grant.save(),
      redirectUri,
      scope,
      gty: 'authorization_code',
      ...(nonce !== undefined && { nonce }),
      ...(authTime !== undefined && { authTime, claims: { id_token: { auth_time: { essential: true } } } }),
      ...(codeVerifier !== undefined && { codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url'), codeChallengeMethod: 'S256' })
    }).save()
  }
  return { issuer, code, provider, down: () => { up = false }, up: () => { up = true } }
}

function memory (): NonNullable<Configuration['adapter']> {
  const entries = new Map<string, AdapterPayload>()
  return name => ({
    async upsert (id, payload) { entries.set(`${name}:${id}`, payload) },
    async find (id) { return entries.get(`${name}:${id}`) },
    async findByUid () { return undefined },
    async findByUserCode () { return undefined },
    async consume (id) { Object.assign(entries.get(`${name}:${id}`) ?? {}, { consumed: Math.floor(Date.now() / 1000) }) },
    async destroy (id) { entries.delete(`${name}:${id}`) },
    async revokeByGrantId () {}
  })
}

type App = Awaited<ReturnType<typeof buildApp>>['app']

const exchange = (app: App, oauth: object) => app.inject({
  method: 'POST',
  url: '/api/v2/webdeployments/token/oauthcodegrantjwtexchange',
  payload: { deploymentId, oauth: { redirectUri: redirectUris[0], ...oauth } }
})

t.test('redeems a code for tokens in the name of the user in the ID token', async t => {
  const idp = await startIdp(t)
  const { app, tokens } = await startGenesys(t, { issuer: idp.issuer })
  const response = await exchange(app, { code: await idp.code() })
  t.equal(response.statusCode, 200)
  t.same(Object.keys(response.json()), ['jwt', 'refreshToken'])
  t.equal(response.headers['cache-control'], 'no-store')
  t.match(await tokens.verify(response.json().jwt), {
    deploymentId, jwtLifetime: 300, identity: { sub: 'ada', iss: idp.issuer, ...accounts['ada'], since: /Z$/ }
  })
})

t.test('sends the redirectUri on as it came, with a query and without a slash', async t => {
  const idp = await startIdp(t)
  const { app } = await buildApp(t, { issuer: idp.issuer })
  for (const redirectUri of redirectUris) {
    t.equal((await exchange(app, { code: await idp.code({ redirectUri }), redirectUri })).statusCode, 200, redirectUri)
    t.equal((await exchange(app, { code: await idp.code({ redirectUri }), redirectUri: `${redirectUri}/` })).statusCode, 401, `${redirectUri}/`)
  }
})

t.test('takes a code with nonce, verifier, max_age and iss only with the same', async t => {
  const idp = await startIdp(t)
  const { app } = await buildApp(t, { issuer: idp.issuer })
  const now = Math.floor(Date.now() / 1000)
  const verifier = 'v'.repeat(43)
  const cases: [string, Parameters<typeof idp.code>[0], object, number][] = [
    ['nonce', { nonce: 'n' }, { nonce: 'n' }, 200],
    ['another nonce', { nonce: 'n' }, { nonce: 'm' }, 401],
    ['a nonce that was not given', { nonce: 'n' }, {}, 401],
    ['a nonce that was not asked for', {}, { nonce: 'n' }, 401],
    ['an empty nonce', {}, { nonce: '' }, 200],
    ['verifier', { codeVerifier: verifier }, { codeVerifier: verifier }, 200],
    ['another verifier', { codeVerifier: verifier }, { codeVerifier: 'w'.repeat(43) }, 401],
    ['a verifier that was not given', { codeVerifier: verifier }, {}, 401],
    ['max_age', { authTime: now - 60 }, { maxAge: 120 }, 200],
    ['a sign-in that is too old', { authTime: now - 600 }, { maxAge: 120 }, 401],
    ['max_age without auth_time', {}, { maxAge: 120 }, 401],
    ['iss', {}, { iss: idp.issuer }, 200],
    ['another iss', {}, { iss: 'http://evil.example' }, 401]
  ]
  for (const [label, request, oauth, status] of cases) {
    const response = await exchange(app, { code: await idp.code(request), ...oauth })
    t.equal(response.statusCode, status, label)
    if (status === 401) t.equal(response.json().message, 'Unable to authenticate with the credentials given.', `${label}: no cause`)
  }
})

t.test('takes a code once', async t => {
  const idp = await startIdp(t)
  const { app } = await buildApp(t, { issuer: idp.issuer })
  const code = await idp.code()
  t.equal((await exchange(app, { code })).statusCode, 200)
  t.equal((await exchange(app, { code })).statusCode, 401)
})

t.test('refuses to redeem with a secret that the identity provider does not know', async t => {
  const idp = await startIdp(t)
  const { app } = await buildApp(t, { issuer: idp.issuer, client: { id: env.GENESYS_CLIENT_ID, secret: 'another-secret-altogether' } })
  t.equal((await exchange(app, { code: await idp.code() })).statusCode, 401)
})

t.test('refuses an ID token that is not signed with a key of the identity provider', async t => {
  const idp = await startIdp(t)
  const { publicKey } = await generateKeyPair('RS256')
  const other = { ...await exportJWK(publicKey), alg: 'RS256', use: 'sig', kid: 'first' }
  idp.provider.use(async (context, next) => {
    await next()
    if (context.path === '/jwks') context.body = { keys: [other] }
  })
  const { app } = await buildApp(t, { issuer: idp.issuer })
  t.equal((await exchange(app, { code: await idp.code() })).statusCode, 401)
})

t.test('starts before the identity provider, and redeems as soon as that is there', async t => {
  const idp = await startIdp(t)
  const { app } = await buildApp(t, { issuer: idp.issuer })
  const code = await idp.code()
  idp.down()
  t.equal((await exchange(app, { code })).statusCode, 503)
  idp.up()
  t.equal((await exchange(app, { code })).statusCode, 200)
  idp.down()
  t.equal((await exchange(app, { code: await idp.code() })).statusCode, 503, 'gone again')
})
