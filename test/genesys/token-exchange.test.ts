// A code or an ID token for the JWT of Messenger, and what `/lab/exchanges` tells of it.
import { randomUUID } from 'node:crypto'
import { decodeJwt, exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose'
import t from 'tap'
import type { Server } from '#lib/server/http-server.ts'
import { ExchangeLog, type Exchange } from '../../services/genesys/auth/exchange-log.ts'
import { OidcClient } from '../../services/genesys/auth/oidc-client.ts'
import { stopClock } from '../helpers/clock.ts'
import { endlessJson } from '../helpers/endless-json.ts'
import { fillDisk } from '../helpers/full-disk.ts'
import { newStore } from '../helpers/new-store.ts'
import { until } from '../helpers/until.ts'
import { buildApp, configWith, deploymentId, env, implicitDeploymentId, startGenesys } from './helper.ts'
import { redirectUris, startBareProvider, startIdp } from './identity-provider.ts'

const host = 'genesys.localhost:3002'

const idp = await startIdp(t)
const lines: string[] = []
const log = { level: 'info', format: 'json' as const, destination: { write: (line: string) => { lines.push(line) } } }
const { app, tokens } = await startGenesys(t, { issuer: idp.issuer, lab: true, log })

const post = (path: string, payload: object, to: Server = app) => to.inject({ method: 'POST', url: `/api/v2/webdeployments/token/${path}`, payload })
const exchange = (oauth: object, { to, ...others }: { to?: Server, deploymentId?: string } = {}) =>
  post('oauthcodegrantjwtexchange', { deploymentId, oauth: { redirectUri: redirectUris[0], ...oauth }, ...others }, to)
const implicit = (oauth: object, to?: Server) => post('oauthcodegrantjwtexchange', { deploymentId: implicitDeploymentId, oauth }, to)
const read = (headers: Record<string, string> = {}) => app.inject({ url: '/lab/exchanges', headers: { host, ...headers } })
const recent = async () => (await read()).json() as Exchange[]

function idToken ({ key = idp.privateKey, ...claims }: { key?: CryptoKey } & Record<string, unknown> = {}): Promise<string> {
  const iat = Math.floor(Date.now() / 1000)
  return new SignJWT({ iss: idp.issuer, aud: env.GENESYS_CLIENT_ID, sub: 'ada', name: 'Ada', nonce: 'n', iat, exp: iat + 300, ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'first' }).sign(key)
}

t.test('the list of exchanges takes no parameters, and says so', async t => {
  const response = await app.inject({ url: '/lab/exchanges?limit=1', headers: { host } })
  t.equal(response.statusCode, 400)
  t.match(response.json(), { error: 'invalid_request', error_description: /query\.limit: there is no such name/ })
})

t.test('redeems a code for tokens in the name of the user in the ID token', async t => {
  const response = await exchange({ code: await idp.code() })
  t.equal(response.statusCode, 200)
  t.same(Object.keys(response.json()), ['jwt', 'refreshToken'])
  t.equal(response.headers['cache-control'], 'no-store')
  t.match(await tokens.verify(response.json().jwt), {
    deploymentId, jwtLifetime: 300, identity: { sub: 'ada', iss: idp.issuer, ...idp.accounts['ada'], since: /Z$/ }
  })
})

t.test('on a full disk nobody gets tokens, and Messenger is told to try again', async t => {
  const makeRoom = fillDisk(t)
  const response = await exchange({ code: await idp.code() })
  t.equal(response.statusCode, 503)
  t.match(response.json(), { code: 'service.unavailable' })
  makeRoom()
  t.equal((await exchange({ code: await idp.code() })).statusCode, 200)
})

t.test('gives no refresh token where the identity provider gives none', async t => {
  idp.gives.refreshTokens = false
  t.teardown(() => { idp.gives.refreshTokens = true })
  const response = await exchange({ code: await idp.code() })
  t.equal(response.statusCode, 200)
  t.same(Object.keys(response.json()), ['jwt'])
  t.match((await recent())[0], { outcome: 'accepted', hint: /offline_access/ }, 'and has a hint about it')
  t.match(await tokens.verify(response.json().jwt), { deploymentId, identity: { sub: 'ada' } })
})

t.test('sends the redirectUri on as it came, with a query and without a slash', async t => {
  for (const redirectUri of redirectUris) {
    t.equal((await exchange({ code: await idp.code({ redirectUri }), redirectUri })).statusCode, 200, redirectUri)
    t.equal((await exchange({ code: await idp.code({ redirectUri }), redirectUri: `${redirectUri}/` })).statusCode, 401, `${redirectUri}/`)
  }
})

t.test('takes a code with nonce, verifier, max_age and iss only with the same', async t => {
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
    const response = await exchange({ code: await idp.code(request), ...oauth })
    t.equal(response.statusCode, status, label)
    if (status === 401) t.equal(response.json().message, 'Unable to authenticate with the credentials given.', `${label}: no cause`)
  }
})

t.test('takes a code once, and does not trouble the identity provider with it again', async t => {
  const before = idp.tokenRequests()
  const code = await idp.code()
  t.equal((await exchange({ code })).statusCode, 200)
  t.equal((await exchange({ code })).statusCode, 401)
  t.equal(idp.tokenRequests(), before + 1)

  const other = await idp.code()
  const statuses = (await Promise.all([1, 2, 3].map(() => exchange({ code: other })))).map(({ statusCode }) => statusCode)
  t.same(statuses.sort(), [200, 401, 401], 'of several at the same instant one')
  t.equal(idp.tokenRequests(), before + 2)
})

t.test('takes a code after a mistake that the identity provider has not seen or has not taken it for', async t => {
  for (const mistake of [{ iss: 'http://evil.example' }, { redirectUri: `${redirectUris[0]}/` }]) {
    const code = await idp.code()
    t.equal((await exchange({ code, ...mistake })).statusCode, 401)
    t.equal((await exchange({ code })).statusCode, 200)
  }
})

t.test('refuses to redeem with a secret that the identity provider does not know', async t => {
  const client = { id: env.GENESYS_CLIENT_ID, secret: 'another-secret-altogether' }
  const { app: to } = await buildApp(t, { issuer: idp.issuer, client, lab: true })
  t.equal((await exchange({ code: await idp.code() }, { to })).statusCode, 401)
  t.match(JSON.parse((await to.inject({ url: '/lab/exchanges', headers: { host } })).body)[0], {
    reason: /^the identity provider does not accept the client and secret of Genesys/, hint: /GENESYS_CLIENT_SECRET/
  })
})

t.test('refuses an ID token that is not signed with a key of the identity provider', async t => {
  const { publicKey } = await generateKeyPair('RS256')
  const other = { ...await exportJWK(publicKey), alg: 'RS256', use: 'sig', kid: 'first' }
  idp.intercept(t, async (context, next) => {
    await next()
    if (context.path === '/jwks') context.body = { keys: [other] }
  })
  const { app: to } = await buildApp(t, { issuer: idp.issuer })
  t.equal((await exchange({ code: await idp.code() }, { to })).statusCode, 401)
})

t.test('starts before the identity provider, and redeems as soon as that is there', async t => {
  const { app: to } = await buildApp(t, { issuer: idp.issuer })
  const code = await idp.code()
  t.teardown(idp.up)
  idp.down()
  t.equal((await exchange({ code }, { to })).statusCode, 503)
  idp.up()
  t.equal((await exchange({ code }, { to })).statusCode, 200)
  idp.down()
  t.equal((await exchange({ code: await idp.code() }, { to })).statusCode, 503, 'gone again')
})

for (const endpoint of ['/.well-known/openid-configuration', '/jwks', '/token']) {
  t.test(`reads no more of the answer at ${endpoint} than an answer can be`, async t => {
    const { app: to } = await buildApp(t, { issuer: idp.issuer })
    const code = await idp.code()
    const answer = endlessJson()
    // It would print that its answer was cut off.
    idp.provider.silent = true
    idp.intercept(t, async (context, next) => {
      await next()
      if (context.path === endpoint) context.body = answer.stream
    })
    t.match((await exchange({ code }, { to })).statusCode, /401|503/)
    await until('nobody reads on', () => answer.stream.destroyed)
    t.ok(answer.bytes() < 16 * 1024 * 1024, `${answer.bytes()} bytes`)
  })
}

t.test('a provider whose issuer ends in a slash is found, and its ID tokens are accepted', async t => {
  const { issuer } = await startBareProvider(t, '/application/o/app/')
  const { app: to, tokens } = await startGenesys(t, { issuer })
  const response = await exchange({ code: 'a-code' }, { to })
  t.equal(response.statusCode, 200)
  t.match(await tokens.verify(response.json().jwt), { identity: { iss: issuer, sub: 'ada' } })
})

t.test('a key that the provider has had for a moment is asked for, whatever was asked before', async t => {
  const provider = await startBareProvider(t)
  const { app: to } = await buildApp(t, { issuer: provider.issuer })
  const redeem = async () => (await exchange({ code: randomUUID() }, { to })).statusCode
  t.equal(await redeem(), 200)
  await provider.rotateKey()
  t.equal(await redeem(), 200)

  const letTimePass = stopClock(t)
  const present = async (token: string) => (await implicit({ idToken: token, nonce: 'n' }, to)).statusCode
  t.equal(await present(await provider.idToken()), 200)
  await provider.rotateKey()
  letTimePass(1)
  t.equal(await present(await idToken({ iss: provider.issuer })), 401, 'a forged one, after which the keys rest for a second')
  await provider.rotateKey()
  letTimePass(1)
  t.equal(await present(await provider.idToken()), 200)
})

t.test('a key that has taken the name of another is asked for after the first ID token that does not fit', async t => {
  const provider = await startBareProvider(t)
  const { app: to } = await buildApp(t, { issuer: provider.issuer })
  const redeem = async () => (await exchange({ code: randomUUID() }, { to })).statusCode
  t.equal(await redeem(), 200)
  await provider.rotateKey('key 1')
  t.same([await redeem(), await redeem()], [401, 200])
})

t.test('leaves out claims of a wrong type', async t => {
  const wrong = { name: { given: 'Ada' }, given_name: ['Ada'], family_name: null, email: 42, email_verified: 'true' }
  const response = await implicit({ idToken: await idToken(wrong), nonce: 'n' })
  t.equal(response.statusCode, 200)
  const { identity } = (await tokens.verify(response.json().jwt))!
  t.strictSame(JSON.parse(JSON.stringify(identity)), { sub: 'ada', iss: idp.issuer, since: identity.since })
})

t.test('takes an ID token that has expired by our clock alone, for as long as it takes it', async t => {
  stopClock(t)
  const now = Math.floor(Date.now() / 1000)
  const response = await implicit({ idToken: await idToken({ exp: now - 60 }), nonce: 'n' })
  t.equal(response.statusCode, 200)
  const { exp = 0, iat = 0 } = decodeJwt(response.json().jwt)
  t.equal(exp - iat, 60)
})

t.test('an issuer without the slash that the provider has is another one', async t => {
  const { issuer } = await startBareProvider(t, '/application/o/app/')
  const oidc = new OidcClient(configWith('', { issuer: issuer.slice(0, -1) }))
  const redeemed = oidc.redeemAuthorizationCode({ code: 'a-code', redirectUri: redirectUris[0]! })
  await t.rejects(redeemed, { message: /cannot be discovered.*issuer/ })
})

t.test('takes the ID token of an implicit flow, and gives a JWT that lives no longer, without a refresh token', async t => {
  stopClock(t)
  const now = Math.floor(Date.now() / 1000)
  const before = idp.tokenRequests()
  for (const [exp, life] of [[now + 300, 300], [now + 3600, 900]] as const) {
    const response = await implicit({ idToken: await idToken({ exp }), nonce: 'n' })
    t.equal(response.statusCode, 200)
    t.same(Object.keys(response.json()), ['jwt'])
    t.match(await tokens.verify(response.json().jwt), { deploymentId: implicitDeploymentId, identity: { sub: 'ada', iss: idp.issuer, name: 'Ada' } })
    const { exp: end = 0, iat = 0 } = decodeJwt(response.json().jwt)
    t.equal(end - iat, life)
  }
  t.equal(idp.tokenRequests(), before, 'nothing is redeemed')
})

t.test('takes the ID token that the identity provider itself issued', async t => {
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
  t.equal((await implicit({ idToken, nonce: 'its-nonce', redirectUri: redirectUris[0], iss: idp.issuer })).statusCode, 200)
  t.equal((await implicit({ idToken, nonce: 'another' })).statusCode, 401)
})

t.test('takes an ID token only if all about it is right', async t => {
  const now = Math.floor(Date.now() / 1000)
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
    ['an end in the past', await idToken({ exp: now - 600 }), {}, 401],
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
    const response = await implicit({ idToken: token, nonce: 'n', ...oauth })
    t.equal(response.statusCode, status, label)
    if (status !== 200) t.equal(response.json().message, 'Unable to authenticate with the credentials given.', `${label}: no cause`)
  }
  t.equal((await implicit({ idToken: await idToken() })).statusCode, 400, 'a nonce is mandatory')
  t.equal((await implicit({ idToken: await idToken(), nonce: 'n', code: 'c' })).statusCode, 400, 'one of both')
})

t.test('takes an ID token where the implicit flow is on, and a code where it is off', async t => {
  const before = idp.tokenRequests()
  t.equal((await exchange({ code: await idp.code() }, { deploymentId: implicitDeploymentId })).statusCode, 401, 'a code where it is on')
  t.match((await recent())[0], { reason: /^implicit flow must be off for the code flow/ })
  t.equal(idp.tokenRequests(), before, 'the code is still good')
  t.equal((await exchange({ idToken: await idToken(), nonce: 'n' })).statusCode, 401, 'an ID token where it is off')
})

t.test('says 503 to an ID token while the identity provider is away', async t => {
  // One that has not fetched the keys yet.
  const { app: to } = await buildApp(t, { issuer: idp.issuer })
  t.teardown(idp.up)
  idp.down()
  t.equal((await implicit({ idToken: await idToken(), nonce: 'n' }, to)).statusCode, 503)
  idp.up()
  t.equal((await implicit({ idToken: await idToken(), nonce: 'n' }, to)).statusCode, 200)
})

t.test('tells why a code was refused, in words, under the contextId that the page and the log have', async t => {
  stopClock(t)
  const now = Math.floor(Date.now() / 1000)
  const verifier = 'v'.repeat(43)
  const cases: [string, Parameters<typeof idp.code>[0], object, number, RegExp][] = [
    ['another nonce', { nonce: 'the-nonce' }, { nonce: 'my-nonce' }, 401, /^nonce was sent but the ID token has another$/],
    ['a nonce too many', {}, { nonce: 'my-nonce' }, 401, /the authorization request had no nonce, so none may be sent$/],
    ['a nonce too few', { nonce: 'the-nonce' }, {}, 401, /^no nonce was sent, but the ID token has one/],
    ['a sign-in that is too old', { authTime: now - 600 }, { maxAge: 120 }, 401, /^the person signed in 600 s ago, and maxAge allows 120 s$/],
    ['maxAge without auth_time', {}, { maxAge: 120 }, 401, /^maxAge was sent but the ID token has no auth_time/],
    ['another iss', {}, { iss: 'http://evil.example' }, 401, /^iss is not the issuer of the identity provider, which is http:\/\/127/],
    ['a code that nobody issued', {}, { code: 'made-up-code' }, 401, /^the identity provider refused the code \(invalid_grant\)/],
    ['a verifier that is too short', {}, { codeVerifier: 'short' }, 400, /oauth\.codeVerifier: must have at least 43 characters$/],
    ['code and idToken', {}, { idToken: 'x' }, 400, /^oauth must have code or idToken, not both$/],
    ['an idToken alone', {}, { code: undefined, idToken: 'x', nonce: 'my-nonce' }, 401, /^implicit flow must be on/]
  ]
  const [before] = await recent()
  for (const [label, request, oauth, status, reason] of cases) {
    const code = await idp.code({ ...request, codeVerifier: verifier })
    const response = await exchange({ code, codeVerifier: verifier, ...oauth })
    t.equal(response.statusCode, status, label)
    const { contextId } = response.json() as { contextId: string }
    const [newest] = await recent()
    t.match(newest, { kind: 'exchange', deploymentId, outcome: 'refused', status, contextId, reason, time: /^\d{4}-.*Z$/ }, label)
    t.ok(lines.some(line => line.includes(contextId) && line.includes(JSON.stringify(newest!.reason).slice(1, -1))), `${label}: in the log`)
    for (const secret of [code, verifier, 'my-nonce', 'the-nonce', 'made-up-code', env.GENESYS_CLIENT_SECRET]) {
      t.notOk((JSON.stringify(newest) + lines.join()).includes(secret), `${label}: without ${secret}`)
    }
  }
  t.same((await recent())[cases.length], before, 'each once')
})

t.test('passes on what the identity provider says, in the names that a page knows, without what it quotes', async t => {
  const says: [string, string, RegExp | undefined][] = [
    ['redirect_uri has a trailing slash that the authorization request had not', 'redirectUri has a trailing slash that the authorization request had not', /same string/],
    ['code_verifier does not match the code_challenge', 'codeVerifier does not match the code_challenge', /authorization request/],
    ['the code was redeemed 4 s ago', 'the code was redeemed 4 s ago', /works once/],
    ['the code has expired', 'the code has expired', /when it is needed/],
    ['unknown code <my-code>', 'unknown code <…>', undefined]
  ]
  let description = ''
  idp.intercept(t, async (context, next) => {
    if (context.path !== '/token') return await next()
    context.status = 400
    context.body = { error: 'invalid_grant', error_description: description }
  })
  for (const [said, told, hint] of says) {
    description = said
    await exchange({ code: 'my-code' })
    const [newest] = await recent()
    t.equal(newest?.reason, `the identity provider refused the code (invalid_grant): ${told}`)
    if (hint) t.match(newest?.hint, hint)
  }
})

t.test('tells when a code was redeemed, whatever the identity provider has to say about that', async t => {
  const later = stopClock(t)
  const code = await idp.code()
  t.equal((await exchange({ code })).statusCode, 200)
  later(4)
  t.equal((await exchange({ code })).statusCode, 401)
  t.match((await recent())[0], { reason: 'the code was redeemed 4 s ago, and a code works once', hint: /getAuthCode/ })
})

t.test('tells why an ID token was refused', async t => {
  stopClock(t)
  const now = Math.floor(Date.now() / 1000)
  const header = Buffer.from('{"alg":"RS256"').toString('base64url')
  const cases: [string, RegExp][] = [
    [await idToken({ aud: 'relying-party' }), /^the ID token was issued for another application \(aud\): it has to be genesys-messenger$/],
    [await idToken({ iss: 'http://evil.example' }), /^the ID token is from another identity provider \(iss\): it has to be http/],
    [await idToken({ exp: now - 600 }), /^the ID token expired 600 s ago$/],
    [await idToken({ nonce: 'm' }), /^nonce was sent but the ID token has another$/],
    [(await idToken({})).slice(0, -8) + 'AAAAAAAA', /^the signature of the ID token is wrong$/],
    ['x', /^the ID token is not a JWT that we can read$/],
    [`${header}.e30.x`, /^the ID token is not a JWT that we can read$/],
    [(await idToken()).slice(0, -4) + '!!!!', /^the ID token is not a JWT that we can read$/]
  ]
  for (const [token, reason] of cases) {
    t.equal((await implicit({ idToken: token, nonce: 'n' })).statusCode, 401)
    t.match((await recent())[0], { reason, outcome: 'refused', status: 401 })
  }
  await implicit({ idToken: await idToken(), nonce: 'n' })
  t.match((await recent())[0], { reason: 'the ID token is valid', outcome: 'accepted', status: 200 })
})

t.test('tells of refreshes and of what was accepted too, newest first', async t => {
  const { accounts: { ada } } = idp
  t.teardown(() => { idp.accounts['ada'] = ada! })
  const [before] = await recent()
  const { refreshToken } = (await exchange({ code: await idp.code() })).json()
  await post('refresh', { refreshToken })
  idp.down()
  await post('refresh', { refreshToken })
  idp.up()
  delete idp.accounts['ada']
  await post('refresh', { refreshToken })
  await post('refresh', { refreshToken })

  const all = await recent()
  t.match(all, [
    { kind: 'refresh', outcome: 'refused', status: 401, reason: /^the refresh token is unknown/ },
    { kind: 'refresh', outcome: 'refused', status: 401, deploymentId, reason: /^the identity provider refused the refresh token \(invalid_grant\)/, hint: /reAuthenticate/ },
    { kind: 'refresh', outcome: 'refused', status: 503, deploymentId, reason: /^the identity provider gave no usable answer: the identity provider cannot be reached \(status 503\)$/ },
    { kind: 'refresh', outcome: 'accepted', status: 200, deploymentId, reason: 'the identity provider has renewed the sign-in' },
    { kind: 'exchange', outcome: 'accepted', status: 200, deploymentId, reason: 'the code was redeemed, and the ID token is valid' }
  ])
  t.same(all[5], before)
  t.notOk(JSON.stringify(all).includes(refreshToken))
})

t.test('keeps the last hundred for an hour', async t => {
  const later = stopClock(t)
  const store = await newStore(t)
  const log = new ExchangeLog(store)
  const exchange = { time: '', kind: 'exchange', outcome: 'accepted', status: 200, contextId: '' } as const
  for (let number = 1; number <= 104; number++) await log.record({ ...exchange, reason: String(number) })
  const reasons = (await log.recent()).map(({ reason }) => reason)
  t.equal(reasons.length, 100)
  t.same([reasons[0], reasons[99]], ['104', '5'])
  t.equal(await store.collection('exchange').countTagged('all'), 100, 'and no more in the store')

  later(3600)
  t.same(await log.recent(), [])
})

t.test('takes over nothing of a body that is no deployment id', async t => {
  const unknown = randomUUID()
  for (const id of [unknown, '<script>']) await exchange({}, { deploymentId: id })
  const all = await recent()
  t.notOk(all[0]!.deploymentId)
  t.equal(all[1]!.deploymentId, unknown)
})

t.test('is read by nobody from another site, and not at all outside a lab', async t => {
  await exchange({})
  for (const site of ['cross-site', 'same-site']) {
    const response = await read({ 'sec-fetch-site': site, origin: 'http://app.localhost:3000' })
    t.equal(response.statusCode, 403, site)
    t.notMatch(response.body, /oauth/)
  }
  for (const site of ['same-origin', 'none']) t.equal((await read({ 'sec-fetch-site': site })).statusCode, 200, site)
  const response = await read()
  t.equal(response.headers['access-control-allow-origin'], undefined)
  t.equal(response.headers['cache-control'], 'no-store')
  t.equal((await read({ host: 'rebound.example:3002' })).statusCode, 403, 'under another name')

  const { app } = await buildApp(t, { lab: false })
  t.equal((await app.inject({ url: '/lab/exchanges', headers: { host } })).statusCode, 404)
})
