import { decodeJwt, exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose'
import t, { type Test } from 'tap'
import { stopClock } from '../helpers/clock.ts'
import { buildApp, configWith, deploymentId, env, startGenesys, temporaryFolder } from './helper.ts'
import { redirectUris, startIdp } from './identity-provider.ts'

type App = Awaited<ReturnType<typeof buildApp>>['app']

const exchange = (app: App, oauth: object) => app.inject({
  method: 'POST',
  url: '/api/v2/webdeployments/token/oauthcodegrantjwtexchange',
  payload: { deploymentId, oauth: { redirectUri: redirectUris[0], ...oauth } }
})

t.test('redeems a code for tokens in the name of the user in the ID token', async t => {
  const idp = await startIdp(t, { refreshTokens: true })
  const { app, tokens } = await startGenesys(t, { issuer: idp.issuer })
  const response = await exchange(app, { code: await idp.code() })
  t.equal(response.statusCode, 200)
  t.same(Object.keys(response.json()), ['jwt', 'refreshToken'])
  t.equal(response.headers['cache-control'], 'no-store')
  t.match(await tokens.verify(response.json().jwt), {
    deploymentId, jwtLifetime: 300, identity: { sub: 'ada', iss: idp.issuer, ...idp.accounts['ada'], since: /Z$/ }
  })
})

t.test('gives no refresh token where the identity provider gives none', async t => {
  const idp = await startIdp(t)
  const { app, tokens } = await startGenesys(t, { issuer: idp.issuer })
  const response = await exchange(app, { code: await idp.code() })
  t.equal(response.statusCode, 200)
  t.same(Object.keys(response.json()), ['jwt'])
  t.match(await tokens.verify(response.json().jwt), { deploymentId, identity: { sub: 'ada' } })
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

t.test('takes a code once, and does not trouble the identity provider with it again', async t => {
  const idp = await startIdp(t, { refreshTokens: true })
  const { app } = await buildApp(t, { issuer: idp.issuer })
  const code = await idp.code()
  t.equal((await exchange(app, { code })).statusCode, 200)
  t.equal((await exchange(app, { code })).statusCode, 401)
  t.equal(idp.tokenRequests(), 1)

  const other = await idp.code()
  const statuses = (await Promise.all([1, 2, 3].map(() => exchange(app, { code: other })))).map(({ statusCode }) => statusCode)
  t.same(statuses.sort(), [200, 401, 401], 'of several at the same instant one')
  t.equal(idp.tokenRequests(), 2)
})

t.test('takes a code after a mistake that the identity provider has not seen or has not taken it for', async t => {
  const idp = await startIdp(t)
  const { app } = await buildApp(t, { issuer: idp.issuer })
  for (const mistake of [{ iss: 'http://evil.example' }, { redirectUri: `${redirectUris[0]}/` }]) {
    const code = await idp.code()
    t.equal((await exchange(app, { code, ...mistake })).statusCode, 401)
    t.equal((await exchange(app, { code })).statusCode, 200)
  }
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

/** A service whose integration has the implicit flow switched on, and ID tokens for it. */
async function withImplicitFlow (t: Test, idp: Awaited<ReturnType<typeof startIdp>>) {
  const folder = temporaryFolder(t)
  const deployments = configWith(folder).deployments.map(deployment => ({ ...deployment, auth: { ...deployment.auth, implicitFlow: true } }))
  const service = await startGenesys(t, { issuer: idp.issuer, deployments }, folder)

  const now = Math.floor(Date.now() / 1000)
  const idToken = ({ key = idp.privateKey, ...claims }: { key?: CryptoKey } & Record<string, unknown> = {}) =>
    new SignJWT({ iss: idp.issuer, aud: env.GENESYS_CLIENT_ID, sub: 'ada', name: 'Ada', nonce: 'n', iat: now, exp: now + 300, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'first' }).sign(key)
  return { ...service, idToken, now }
}

const implicit = (app: App, oauth: object) => app.inject({
  method: 'POST', url: '/api/v2/webdeployments/token/oauthcodegrantjwtexchange', payload: { deploymentId, oauth }
})

t.test('takes the ID token of an implicit flow, and gives a JWT that lives no longer, without a refresh token', async t => {
  stopClock(t)
  const idp = await startIdp(t)
  const { app, tokens, idToken, now } = await withImplicitFlow(t, idp)
  for (const [exp, life] of [[now + 300, 300], [now + 3600, 900]] as const) {
    const response = await implicit(app, { idToken: await idToken({ exp }), nonce: 'n' })
    t.equal(response.statusCode, 200)
    t.same(Object.keys(response.json()), ['jwt'])
    t.match(await tokens.verify(response.json().jwt), { deploymentId, identity: { sub: 'ada', iss: idp.issuer, name: 'Ada' } })
    const { exp: end = 0, iat = 0 } = decodeJwt(response.json().jwt)
    t.equal(end - iat, life)
  }
  t.equal(idp.tokenRequests(), 0, 'nothing is redeemed')
})

t.test('takes the ID token that the identity provider itself issued', async t => {
  const idp = await startIdp(t)
  const { app } = await withImplicitFlow(t, idp)
  const response = await fetch(`${idp.issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: await idp.code({ nonce: 'its-nonce' }),
      redirect_uri: redirectUris[0]!,
      client_id: env.GENESYS_CLIENT_ID,
      client_secret: env.GENESYS_CLIENT_SECRET
    })
  })
  const { id_token: idToken } = await response.json() as { id_token: string }
  t.equal((await implicit(app, { idToken, nonce: 'its-nonce', redirectUri: redirectUris[0], iss: idp.issuer })).statusCode, 200)
  t.equal((await implicit(app, { idToken, nonce: 'another' })).statusCode, 401)
})

t.test('takes an ID token only if all about it is right', async t => {
  const idp = await startIdp(t)
  const { app, idToken, now } = await withImplicitFlow(t, idp)
  const { privateKey: otherKey } = await generateKeyPair('RS256')
  const unsigned = [{ alg: 'none' }, { iss: idp.issuer, aud: env.GENESYS_CLIENT_ID, sub: 'ada', nonce: 'n', iat: now, exp: now + 300 }]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') + '.'

  const cases: [string, string, object, number][] = [
    ['nothing wrong', await idToken(), {}, 200],
    ['another nonce', await idToken(), { nonce: 'm' }, 401],
    ['no nonce in the ID token', await idToken({ nonce: undefined }), {}, 401],
    ['another audience', await idToken({ aud: 'relying-party' }), {}, 401],
    ['another audience too', await idToken({ aud: [env.GENESYS_CLIENT_ID, 'relying-party'] }), {}, 401],
    ['another issuer', await idToken({ iss: 'http://evil.example' }), {}, 401],
    ['an end in the past', await idToken({ exp: now - 60 }), {}, 401],
    ['another key', await idToken({ key: otherKey }), {}, 401],
    ['no signature', unsigned, {}, 401],
    ['no subject', await idToken({ sub: undefined }), {}, 401],
    ['no JWT at all', 'x', {}, 401],
    ['no JSON in it', 'x.y.z', {}, 401],
    ['a sign-in that is fresh enough', await idToken({ auth_time: now - 60 }), { maxAge: 120 }, 200],
    ['a sign-in that is too old', await idToken({ auth_time: now - 600 }), { maxAge: 120 }, 401],
    ['iss of another', await idToken(), { iss: 'http://evil.example' }, 401]
  ]
  for (const [label, token, oauth, status] of cases) {
    const response = await implicit(app, { idToken: token, nonce: 'n', ...oauth })
    t.equal(response.statusCode, status, label)
    if (status !== 200) t.equal(response.json().message, 'Unable to authenticate with the credentials given.', `${label}: no cause`)
  }
  t.equal((await implicit(app, { idToken: await idToken() })).statusCode, 400, 'a nonce is mandatory')
  t.equal((await implicit(app, { idToken: await idToken(), nonce: 'n', code: 'c' })).statusCode, 400, 'one of both')
})

t.test('takes an ID token where the implicit flow is on, and a code where it is off', async t => {
  const idp = await startIdp(t)
  const { app, idToken } = await withImplicitFlow(t, idp)
  t.equal((await exchange(app, { code: await idp.code() })).statusCode, 401, 'a code where it is on')
  t.equal(idp.tokenRequests(), 0, 'the code is still good')

  const { app: ordinary } = await buildApp(t, { issuer: idp.issuer })
  t.equal((await implicit(ordinary, { idToken: await idToken(), nonce: 'n' })).statusCode, 401, 'an ID token where it is off')
})

t.test('says 503 to an ID token while the identity provider is away', async t => {
  const idp = await startIdp(t)
  const { app, idToken } = await withImplicitFlow(t, idp)
  idp.down()
  t.equal((await implicit(app, { idToken: await idToken(), nonce: 'n' })).statusCode, 503)
  idp.up()
  t.equal((await implicit(app, { idToken: await idToken(), nonce: 'n' })).statusCode, 200)
})
