import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { openStore } from '#lib/store.ts'
import { openExchanges, type Exchange } from '../../services/genesys/auth/exchanges.ts'
import { stopClock } from '../helpers/clock.ts'
import { buildApp, configWith, deploymentId, env, temporaryFolder } from './helper.ts'
import { redirectUris, startIdp } from './identity-provider.ts'

const host = 'genesys.localhost:3002'

async function startLab (t: Test, { refreshTokens = false, implicitFlow = false } = {}) {
  const idp = await startIdp(t, { refreshTokens })
  const folder = temporaryFolder(t)
  const lines: string[] = []
  const config = configWith(folder)
  const deployments = config.deployments.map(deployment => ({ ...deployment, auth: { ...deployment.auth, implicitFlow } }))
  const log = { level: 'info', format: 'json' as const, destination: { write: (line: string) => { lines.push(line) } } }
  const { app } = await buildApp(t, { issuer: idp.issuer, lab: true, deployments, log }, folder)

  const post = (path: string, payload: object) => app.inject({ method: 'POST', url: `/api/v2/webdeployments/token/${path}`, payload })
  const exchange = (oauth: object, others: object = {}) =>
    post('oauthcodegrantjwtexchange', { deploymentId, oauth: { redirectUri: redirectUris[0], ...oauth }, ...others })
  const read = (headers: Record<string, string> = {}) => app.inject({ url: '/lab/exchanges', headers: { host, ...headers } })
  const recent = async () => (await read()).json() as Exchange[]
  return { app, idp, post, exchange, read, recent, lines }
}

t.test('tells why a code was refused, in words, under the contextId that the page and the log have', async t => {
  stopClock(t)
  const { idp, exchange, recent, lines } = await startLab(t)
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
    ['a verifier that is too short', {}, { codeVerifier: 'short' }, 400, /codeVerifier must NOT have fewer than 43 characters$/],
    ['code and idToken', {}, { idToken: 'x' }, 400, /^oauth must have code or idToken, not both$/],
    ['an idToken alone', {}, { code: undefined, idToken: 'x', nonce: 'my-nonce' }, 401, /^implicit flow must be on/]
  ]
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
  t.equal((await recent()).length, cases.length)
})

t.test('passes on what the identity provider says, in the names that a page knows, without what it quotes', async t => {
  const { idp, exchange, recent } = await startLab(t)
  const says: [string, string, RegExp | undefined][] = [
    ['redirect_uri has a trailing slash that the authorization request had not', 'redirectUri has a trailing slash that the authorization request had not', /same string/],
    ['code_verifier does not match the code_challenge', 'codeVerifier does not match the code_challenge', /authorization request/],
    ['the code was redeemed 4 s ago', 'the code was redeemed 4 s ago', /works once/],
    ['the code has expired', 'the code has expired', /when it is needed/],
    ['unknown code <my-code>', 'unknown code <…>', undefined]
  ]
  let description = ''
  idp.provider.use(async (context, next) => {
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
  const { idp, exchange, recent } = await startLab(t)
  const code = await idp.code()
  t.equal((await exchange({ code })).statusCode, 200)
  later(4)
  t.equal((await exchange({ code })).statusCode, 401)
  t.match((await recent())[0], { reason: 'the code was redeemed 4 s ago, and a code works once', hint: /getAuthCode/ })
})

t.test('tells why an ID token was refused', async t => {
  stopClock(t)
  const { idp, exchange, recent } = await startLab(t, { implicitFlow: true })
  const now = Math.floor(Date.now() / 1000)
  const idToken = (claims: object) =>
    new SignJWT({ iss: idp.issuer, aud: env.GENESYS_CLIENT_ID, sub: 'ada', nonce: 'n', iat: now, exp: now + 300, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'first' }).sign(idp.privateKey)
  const header = Buffer.from('{"alg":"RS256"').toString('base64url')
  const cases: [string, RegExp][] = [
    [await idToken({ aud: 'relying-party' }), /^the ID token was issued for another client than genesys-messenger$/],
    [await idToken({ iss: 'http://evil.example' }), /^the ID token is of another issuer than http/],
    [await idToken({ exp: now - 60 }), /^the ID token expired 60 s ago$/],
    [await idToken({ nonce: 'm' }), /^nonce was sent but the ID token has another$/],
    [(await idToken({})).slice(0, -8) + 'AAAAAAAA', /^the ID token is not signed with a key of the identity provider$/],
    ['x', /^the ID token is no JWT$/],
    [`${header}.e30.x`, /^the ID token is no JWT$/]
  ]
  for (const [token, reason] of cases) {
    t.equal((await exchange({ idToken: token, nonce: 'n' })).statusCode, 401)
    t.match((await recent())[0], { reason, outcome: 'refused', status: 401 })
  }
  await exchange({ idToken: await idToken({}), nonce: 'n' })
  t.match((await recent())[0], { reason: 'the ID token is valid', outcome: 'accepted', status: 200 })
  t.equal((await exchange({ code: await idp.code() })).statusCode, 401)
  t.match((await recent())[0], { reason: /^implicit flow must be off for the code flow/ })
})

t.test('tells of refreshes and of what was accepted too, newest first', async t => {
  const { idp, exchange, post, recent } = await startLab(t, { refreshTokens: true })
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
    { kind: 'refresh', outcome: 'refused', status: 503, deploymentId, reason: /^the identity provider did not answer/ },
    { kind: 'refresh', outcome: 'accepted', status: 200, deploymentId, reason: 'the identity provider has renewed the sign-in' },
    { kind: 'exchange', outcome: 'accepted', status: 200, deploymentId, reason: 'the code was redeemed, and the ID token is valid' }
  ])
  t.equal(all.length, 5)
  t.notOk(JSON.stringify(all).includes(refreshToken))
})

t.test('has a hint where the identity provider gives no refresh token', async t => {
  const { idp, exchange, recent } = await startLab(t)
  await exchange({ code: await idp.code() })
  t.match((await recent())[0], { outcome: 'accepted', hint: /offline_access/ })
})

t.test('keeps the last hundred for an hour', async t => {
  const later = stopClock(t)
  const store = openStore(':memory:')
  t.teardown(() => store.close())
  const { record, recent } = openExchanges(store)
  const exchange = { time: '', kind: 'exchange', outcome: 'accepted', status: 200, contextId: '' } as const
  for (let number = 1; number <= 104; number++) await record({ ...exchange, reason: String(number) })
  const reasons = (await recent()).map(({ reason }) => reason)
  t.equal(reasons.length, 100)
  t.same([reasons[0], reasons[99]], ['104', '5'])
  t.equal(await store.collection('exchange').countTagged('all'), 100, 'and no more in the store')

  later(3600)
  t.same(await recent(), [])
})

t.test('takes over nothing of a body that is no deployment id', async t => {
  const { exchange, recent } = await startLab(t)
  const unknown = randomUUID()
  for (const id of [unknown, '<script>']) await exchange({}, { deploymentId: id })
  const all = await recent()
  t.notOk(all[0]!.deploymentId)
  t.equal(all[1]!.deploymentId, unknown)
})

t.test('is read by nobody from another site, and not at all outside a lab', async t => {
  const { exchange, read } = await startLab(t)
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
