// The JWT and the refresh token of Messenger: issued, renewed, revoked, and the routes that do so.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InjectOptions } from 'fastify'
import { decodeJwt, SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { openStore } from '#lib/store/open-store.ts'
import { Jwts } from '../../services/genesys/auth/jwt.ts'
import { Tokens } from '../../services/genesys/auth/tokens.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { until } from '../helpers/until.ts'
import { watchStore } from '../helpers/watched-store.ts'
import { ada, anonymousDeploymentId, buildApp, deploymentId, grace, startGenesys } from './helper.ts'
import { redirectUris, startIdp } from './identity-provider.ts'

/** An identity provider that renews everything. */
const willing = { refresh: async () => ({ identity: undefined, accessTokenExpiresIn: 300, refreshToken: undefined }) }
const idpRefreshToken = 'of-the-identity-provider'

const issuer = 'http://genesys.localhost:3002'

async function open (t: Test, folder = temporaryFolder(t)) {
  const { store, foundTaken } = watchStore(await openStore({ name: 'genesys', stateFolder: folder }))
  t.teardown(() => store.close())
  const jwts = await Jwts.open(store.secrets, issuer)
  return { folder, jwts, tokens: new Tokens(store, jwts), foundTaken }
}

const lifeOf = (jwt: string) => {
  const { exp = 0, iat = 0 } = decodeJwt(jwt)
  return exp - iat
}

t.test('issues a JWT that stands for the user and the deployment', async t => {
  const { tokens } = await open(t)
  const { jwt } = await tokens.issue({ deploymentId, identity: ada })
  t.match(await tokens.verify(jwt), { deploymentId, identity: ada })
})

t.test('issues JWTs that live 15 minutes, or as long as the access token where that is shorter', async t => {
  const { tokens } = await open(t)
  const cases: [number | undefined, number][] = [[undefined, 900], [3600, 900], [300, 300]]
  for (const [accessTokenExpiresIn, life] of cases) {
    const { jwt } = await tokens.issue({ deploymentId, identity: ada, accessTokenExpiresIn })
    t.equal(lifeOf(jwt), life)
  }
})

t.test('refuses a JWT that has expired, while the refresh token gives another', async t => {
  const { tokens } = await open(t)
  const { jwt, refreshToken } = await tokens.issue({ deploymentId, identity: ada, accessTokenExpiresIn: 0, idpRefreshToken })
  t.equal(await tokens.verify(jwt), undefined)
  const refreshed = await tokens.refresh((await tokens.find(refreshToken!))!, willing)
  t.match(await tokens.verify(refreshed!), { identity: ada })
  t.equal(lifeOf(refreshed!), 300)
})

t.test('refuses a JWT that it has not made, or made for something else', async t => {
  const { tokens, jwts, folder } = await open(t)
  const { jwt } = await tokens.issue({ deploymentId, identity: ada })
  const claims = decodeJwt(jwt)
  const { hs256 } = JSON.parse(readFileSync(join(folder, 'jwt-key.json'), 'utf8'))
  const sign = (key: string, alg: string) => new SignJWT(claims).setProtectedHeader({ alg }).sign(Buffer.from(key, 'base64url'))

  t.ok(await tokens.verify(await sign(hs256, 'HS256')), 'the same claims under the same key are fine')
  t.equal(await tokens.verify(await sign('b'.repeat(43), 'HS256')), undefined, 'another key')
  t.equal(await tokens.verify(await sign(hs256, 'HS512')), undefined, 'another algorithm')
  t.equal(await tokens.verify((await jwts.sign('guest-history', claims, 60)).jwt), undefined, 'another audience')
  t.equal(await tokens.verify('nonsense'), undefined)
})

t.test('refuses what was revoked, in every tab and on every device of the user, and nobody else\'s', async t => {
  const { tokens } = await open(t)
  const first = await tokens.issue({ deploymentId, identity: ada, idpRefreshToken })
  const second = await tokens.issue({ deploymentId, identity: ada, idpRefreshToken })
  const elsewhere = await tokens.issue({ deploymentId: anonymousDeploymentId, identity: ada, idpRefreshToken })
  const other = await tokens.issue({ deploymentId, identity: grace, idpRefreshToken })

  await tokens.revoke((await tokens.verify(first.jwt))!)
  for (const { jwt, refreshToken } of [first, second]) {
    t.equal(await tokens.verify(jwt), undefined)
    t.equal(await tokens.find(refreshToken!), undefined)
  }
  t.ok(await tokens.verify(elsewhere.jwt), 'the user on another deployment')
  t.ok(await tokens.verify(other.jwt), 'another user')
  t.ok(await tokens.find(other.refreshToken!))
})

t.test('keeps its tokens over a restart, and the refresh token not in the clear', async t => {
  const { tokens, folder } = await open(t)
  const { jwt, refreshToken } = await tokens.issue({ deploymentId, identity: ada, idpRefreshToken })
  const { tokens: restarted } = await open(t, folder)
  t.ok(await restarted.verify(jwt))
  t.ok(await restarted.find(refreshToken!))
  for (const file of ['genesys.sqlite', 'genesys.sqlite-wal']) {
    t.notOk(readFileSync(join(folder, file)).includes(refreshToken!), file)
  }
})

t.test('issues no refresh token without one of the identity provider', async t => {
  const { tokens } = await open(t)
  t.same(Object.keys(await tokens.issue({ deploymentId, identity: ada })), ['jwt'])
})

/** An identity provider that renews once it may, or is asked again meanwhile. */
function slowProvider (mayAnswer: Promise<unknown>) {
  const asked: string[] = []
  const { promise: askedAgain, resolve } = Promise.withResolvers<void>()
  return {
    /** the refresh tokens that were presented */
    asked,
    askedAgain,
    async refresh (presented: string) {
      if (asked.push(presented) > 1) resolve()
      await Promise.race([mayAnswer, askedAgain])
      return { identity: undefined, accessTokenExpiresIn: 300, refreshToken: `${presented}-rotated` }
    }
  }
}

t.test('lets two replicas that refresh at once ask the identity provider once', async t => {
  const { tokens, folder, foundTaken } = await open(t)
  const { tokens: replica, foundTaken: foundTakenThere } = await open(t, folder)
  const { refreshToken } = await tokens.issue({ deploymentId, identity: ada, idpRefreshToken })
  const slow = slowProvider(Promise.race([foundTaken, foundTakenThere]))
  const grants = await Promise.all([tokens, replica].map(async of => (await of.find(refreshToken!))!))
  const jwts = await Promise.all([tokens.refresh(grants[0]!, slow), replica.refresh(grants[1]!, slow)])
  for (const jwt of jwts) t.ok(await tokens.verify(jwt!))
  t.same(slow.asked, [idpRefreshToken])

  await replica.refresh((await replica.find(refreshToken!))!, slow)
  t.same(slow.asked, [idpRefreshToken, `${idpRefreshToken}-rotated`], 'the next time with what the first has brought')
})

t.test('a replica waits for the one that renews already, and does not spend its refresh token again', async t => {
  const { tokens, folder } = await open(t)
  const { tokens: replica, foundTaken } = await open(t, folder)
  const { refreshToken } = await tokens.issue({ deploymentId, identity: ada, idpRefreshToken })
  const grant = (await tokens.find(refreshToken!))!
  const answer = Promise.withResolvers<void>()
  const slow = slowProvider(answer.promise)
  const first = tokens.refresh(grant, slow)
  await until('the identity provider is asked', () => slow.asked.length === 1)
  const second = replica.refresh(grant, slow)
  await Promise.race([foundTaken, slow.askedAgain])
  t.same(slow.asked, [idpRefreshToken])
  answer.resolve()
  for (const jwt of await Promise.all([first, second])) t.ok(await tokens.verify(jwt!))
  t.same(slow.asked, [idpRefreshToken], 'the replica takes what the first has brought')
})

const idp = await startIdp(t)
const { app, tokens } = await startGenesys(t, { issuer: idp.issuer })

const exchange = (payload: object): InjectOptions => ({
  method: 'POST', url: '/api/v2/webdeployments/token/oauthcodegrantjwtexchange', payload
})
const refresh = (payload: object) => app.inject({ method: 'POST', url: '/api/v2/webdeployments/token/refresh', payload })
const revoke = (jwt: string, { scheme = 'Bearer', headers = {} } = {}) => app.inject({
  method: 'DELETE', url: '/api/v2/webdeployments/token/revoke', headers: { authorization: `${scheme} ${jwt}`, ...headers }
})

/** Sign in to Messenger. */
const signIn = async (request: Parameters<typeof idp.code>[0] & { nonce?: string } = {}) => (await app.inject(exchange({
  deploymentId: deploymentId.toUpperCase(),
  oauth: { code: await idp.code(request), redirectUri: redirectUris[0], ...(request.nonce !== undefined && { nonce: request.nonce }) }
}))).json() as { jwt: string, refreshToken: string }

t.test('refreshes with and without a deploymentId, again and again, and refuses another one', async t => {
  const { refreshToken } = await signIn()
  const before = idp.tokenRequests()
  for (const payload of [{ refreshToken, deploymentId: deploymentId.toUpperCase() }, { refreshToken }]) {
    const response = await refresh(payload)
    t.equal(response.statusCode, 200)
    t.same(Object.keys(response.json()), ['jwt'], 'the client keeps its refresh token')
    t.equal(response.headers['cache-control'], 'no-store')
    t.match(await tokens.verify(response.json().jwt), { deploymentId, identity: { sub: 'ada', name: 'Ada Lovelace' } })
  }
  t.equal(idp.tokenRequests(), before + 2, 'the identity provider was asked each time')
  t.equal((await refresh({ refreshToken, deploymentId: anonymousDeploymentId })).statusCode, 401)
  t.equal(idp.tokenRequests(), before + 2, 'and not for the one that was refused')
})

t.test('refuses for good once the user is disabled, and ends nobody else\'s', async t => {
  const { refreshToken, jwt } = await signIn()
  const other = await signIn()
  const { ada } = idp.accounts
  delete idp.accounts['ada']
  const response = await refresh({ refreshToken })
  t.equal(response.statusCode, 401)
  t.match(response.json(), {
    message: 'Unable to authenticate with the credentials given.', code: 'bad.credentials', status: 401, contextId: /^[0-9a-f-]{36}$/, details: [], errors: []
  })
  idp.accounts['ada'] = ada!
  const asked = idp.tokenRequests()
  t.equal((await refresh({ refreshToken })).statusCode, 401, 'although the user is back')
  t.equal(idp.tokenRequests(), asked, 'the identity provider is not asked again')
  t.ok(await tokens.verify(jwt), 'the JWT has its minutes')
  t.equal((await refresh({ refreshToken: other.refreshToken })).statusCode, 200, 'the same user elsewhere')
})

t.test('says 503 while the identity provider is away, and goes on when it is back', async t => {
  const { refreshToken } = await signIn()
  t.teardown(idp.up)
  idp.down()
  for (let time = 0; time < 2; time++) {
    const response = await refresh({ refreshToken })
    t.equal(response.statusCode, 503)
    t.equal(response.json().code, 'service.unavailable')
  }
  idp.up()
  t.equal((await refresh({ refreshToken })).statusCode, 200)
})

t.test('answers two tabs that refresh at once, with one request at the identity provider', async t => {
  const { refreshToken } = await signIn()
  const before = idp.tokenRequests()
  const responses = await Promise.all([refresh({ refreshToken }), refresh({ refreshToken }), refresh({ refreshToken })])
  for (const response of responses) {
    t.equal(response.statusCode, 200)
    t.ok(await tokens.verify(response.json().jwt))
  }
  t.equal(idp.tokenRequests(), before + 1)
  t.equal((await refresh({ refreshToken })).statusCode, 200, 'and the next one works')
})

t.test('lets the JWT live as long as the access token that came with the refresh', async t => {
  const { refreshToken } = await signIn()
  t.teardown(() => { idp.gives.accessTokenLife = 300 })
  for (const [accessToken, life] of [[120, 120], [3600, 900], [600, 600]] as const) {
    idp.gives.accessTokenLife = accessToken
    const { exp = 0, iat = 0 } = decodeJwt((await refresh({ refreshToken })).json().jwt)
    t.equal(exp - iat, life)
  }
})

t.test('takes over what the identity provider has learnt about the user', async t => {
  const { refreshToken, jwt } = await signIn()
  const { since } = (await tokens.verify(jwt))!.identity
  const { accounts: { ada } } = idp
  t.teardown(() => { idp.accounts['ada'] = ada! })
  idp.accounts['ada'] = { ...ada, family_name: 'King', name: 'Ada King' }
  const refreshed = (await refresh({ refreshToken })).json().jwt as string
  for (const token of [refreshed, jwt]) t.match(await tokens.verify(token), { identity: { sub: 'ada', name: 'Ada King', family_name: 'King', since } })
})

const forgeries: [string, (claims: Record<string, unknown>) => Record<string, unknown>][] = [
  ['somebody else', claims => ({ ...claims, sub: 'grace' })],
  ['another client', claims => ({ ...claims, aud: 'relying-party' })],
  ['another issuer', claims => ({ ...claims, iss: 'http://evil.example' })],
  ['a sign-in that another client was authorized for', claims => ({ ...claims, azp: 'relying-party' })],
  ['another time', claims => ({ ...claims, auth_time: 1_000_001 })],
  ['another request', claims => ({ ...claims, nonce: 'of-another-request' })]
]
for (const [label, change] of forgeries) {
  t.test(`refuses a refresh that comes with the ID token of ${label}, and gives no second chance`, async t => {
    const { refreshToken, jwt } = await signIn({ nonce: 'of-this-request', authTime: 1_000_000 })
    idp.intercept(t, async (context, next) => {
      await next()
      const body = context.body as { id_token?: string } | undefined
      if (context.path !== '/token' || !body?.id_token) return
      body.id_token = await new SignJWT(change(decodeJwt(body.id_token))).setProtectedHeader({ alg: 'RS256', kid: 'first' }).sign(idp.privateKey)
    })
    t.equal((await refresh({ refreshToken })).statusCode, 401)
    t.equal(await tokens.find(refreshToken), undefined)
    t.match(await tokens.verify(jwt), { identity: { sub: 'ada' } }, 'the JWT is still that of who signed in')
  })
}

t.test('takes a refreshed ID token with what that of the sign-in had, or without', async t => {
  const { refreshToken } = await signIn({ nonce: 'of-this-request', authTime: 1_000_000 })
  const times: unknown[] = []
  idp.intercept(t, async (context, next) => {
    await next()
    const body = context.body as { id_token: string }
    if (context.path !== '/token') return
    const { nonce, auth_time: authTime, ...claims } = decodeJwt(body.id_token)
    times.push([nonce, authTime])
    const changed = times.length === 1 ? claims : { ...claims, nonce: 'of-this-request', auth_time: 1_000_000 }
    body.id_token = await new SignJWT(changed).setProtectedHeader({ alg: 'RS256', kid: 'first' }).sign(idp.privateKey)
  })
  for (const time of ['without', 'with']) t.equal((await refresh({ refreshToken })).statusCode, 200, time)
  t.equal(times.length, 2)
})

t.test('goes on without an ID token', async t => {
  const { refreshToken } = await signIn()
  idp.intercept(t, async (context, next) => {
    await next()
    if (context.path === '/token') delete (context.body as { id_token?: string }).id_token
  })
  const response = await refresh({ refreshToken })
  t.equal(response.statusCode, 200)
  t.match(await tokens.verify(response.json().jwt), { identity: { sub: 'ada', name: 'Ada Lovelace' } })
})

t.test('keeps the grant when the identity provider does not know Genesys any more: that is not the user\'s doing', async t => {
  const { refreshToken } = await signIn()
  const stranger = { error: 'unauthorized_client', error_description: 'not today' }
  let known = false
  idp.intercept(t, async (context, next) => {
    if (known || context.path !== '/token') return await next()
    context.status = 400
    context.body = stranger
  })
  t.equal((await refresh({ refreshToken })).statusCode, 401)
  known = true
  t.equal((await refresh({ refreshToken })).statusCode, 200)
})

t.test('gives nothing to a user who signs out while the identity provider thinks', async t => {
  const { refreshToken, jwt } = await signIn()
  const thinking = Promise.withResolvers<void>()
  const signedOut = Promise.withResolvers<void>()
  idp.intercept(t, async (context, next) => {
    if (context.path === '/token') {
      thinking.resolve()
      await signedOut.promise
    }
    await next()
  })
  const refreshing = refresh({ refreshToken })
  const response = refreshing.then(response => response)
  await thinking.promise
  t.equal((await revoke(jwt)).statusCode, 204)
  signedOut.resolve()
  t.equal((await response).statusCode, 401)
  t.equal(await tokens.find(refreshToken), undefined)
  t.equal(await tokens.verify(jwt), undefined)
})

t.test('after a revoke neither the JWT nor the refresh token nor a JWT of a refresh is good for anything', async t => {
  const { refreshToken, jwt } = await signIn()
  const refreshed = (await refresh({ refreshToken })).json().jwt as string
  const asked = idp.tokenRequests()
  t.equal((await revoke(refreshed)).statusCode, 204)
  for (const token of [jwt, refreshed]) t.equal(await tokens.verify(token), undefined)
  t.equal((await refresh({ refreshToken })).statusCode, 401)
  t.equal(idp.tokenRequests(), asked, 'and the identity provider is left alone')
})

const oauth = { code: 'a-code', redirectUri: redirectUris[0], codeVerifier: 'v'.repeat(43) }

t.test('answers what it cannot do with the platform\'s error body', async t => {
  const { codeVerifier, ...withoutVerifier } = oauth
  const { redirectUri, ...withoutRedirectUri } = oauth
  const refresh: InjectOptions = { method: 'POST', url: '/api/v2/webdeployments/token/refresh' }
  const revoke: InjectOptions = { method: 'DELETE', url: '/api/v2/webdeployments/token/revoke' }

  const cases: [string, InjectOptions | string, number, string][] = [
    ['a route that there is not', '/api/v2/nothing', 404, 'not.found'],
    ['a socket\'s address without an upgrade', `/v1?deploymentId=${deploymentId}`, 426, 'upgrade.required'],
    ['an exchange without a body', { ...exchange({}), payload: '' }, 400, 'bad.request'],
    ['an exchange that is not JSON', { ...exchange({}), payload: '{"code":', headers: { 'content-type': 'application/json' } }, 400, 'bad.request'],
    ['an exchange without deploymentId', exchange({ oauth }), 400, 'bad.request'],
    ['an exchange without oauth', exchange({ deploymentId }), 400, 'bad.request'],
    ['an exchange without a code', exchange({ deploymentId, oauth: { redirectUri } }), 400, 'bad.request'],
    ['an exchange without redirectUri', exchange({ deploymentId, oauth: withoutRedirectUri }), 400, 'bad.request'],
    ['a redirectUri that is no URL', exchange({ deploymentId, oauth: { ...oauth, redirectUri: 'callback' } }), 400, 'bad.request'],
    ['a codeVerifier that is too short', exchange({ deploymentId, oauth: { ...oauth, codeVerifier: 'v'.repeat(42) } }), 400, 'bad.request'],
    ['a maxAge below zero', exchange({ deploymentId, oauth: { ...oauth, maxAge: -1 } }), 400, 'bad.request'],
    ['a code and an ID token', exchange({ deploymentId, oauth: { ...oauth, idToken: 'x' } }), 400, 'bad.request'],
    ['an ID token without a nonce', exchange({ deploymentId, oauth: { idToken: 'x', redirectUri } }), 400, 'bad.request'],
    ['an ID token for a deployment of the code flow', exchange({ deploymentId, oauth: { idToken: 'x', nonce: 'n' } }), 401, 'bad.credentials'],
    ['an unknown deployment', exchange({ deploymentId: '00000000-0000-4000-8000-000000000000', oauth: withoutVerifier }), 404, 'not.found'],
    ['a deployment without sign-in', exchange({ deploymentId: anonymousDeploymentId, oauth }), 401, 'bad.credentials'],
    ['a refresh without a refresh token', { ...refresh, payload: { deploymentId } }, 400, 'bad.request'],
    ['an unknown refresh token', { ...refresh, payload: { refreshToken: 'x', deploymentId } }, 401, 'bad.credentials'],
    ['a revocation without a JWT', revoke, 401, 'bad.credentials'],
    ['a revocation with something else', { ...revoke, headers: { authorization: 'Bearer x.y.z' } }, 401, 'bad.credentials'],
    ['a history without a JWT', '/api/v2/webmessaging/messages', 401, 'bad.credentials'],
    ['a page of history below one', '/api/v2/webmessaging/messages?pageNumber=0', 400, 'bad.request']
  ]
  for (const [label, request, status, code] of cases) {
    const response = await app.inject(request)
    t.equal(response.statusCode, status, label)
    t.match(response.json(), { message: /./, code, status, contextId: /^[0-9a-f-]{36}$/, details: [], errors: [] }, `${label}: body`)
    t.notMatch(response.body, /a-code/, `${label}: quotes no code`)
  }
  t.match((await app.inject(exchange({ oauth }))).json(), { message: /deploymentId/ }, 'names the field that is wrong')
})

t.test('says 503 while the identity provider cannot be reached, and keeps the cause to itself', async t => {
  const { app } = await buildApp(t, { issuer: 'http://127.0.0.1:9' })
  const response = await app.inject(exchange({ deploymentId, oauth }))
  t.equal(response.statusCode, 503)
  t.equal(response.json().code, 'service.unavailable')
  t.notMatch(response.body, /ECONNREFUSED|127\.0\.0\.1/)
})

t.test('revokes for either spelling of the bearer scheme, and for a client that calls an empty body JSON', async t => {
  for (const scheme of ['bearer', 'Bearer']) {
    const { jwt, refreshToken } = await tokens.issue({ deploymentId, identity: ada, idpRefreshToken: 'x' })
    const again = () => revoke(jwt, { scheme, headers: { 'content-type': 'application/json' } })
    const response = await again()
    t.equal(response.statusCode, 204, scheme)
    t.equal(response.body, '')
    t.equal((await again()).statusCode, 401, 'once only')
    t.equal(await tokens.find(refreshToken!), undefined)
  }
})

t.test('revokes nothing for a JWT that has expired', async t => {
  const { jwt, refreshToken } = await tokens.issue({ deploymentId, identity: ada, accessTokenExpiresIn: 0, idpRefreshToken: 'x' })
  const response = await revoke(jwt)
  t.equal(response.statusCode, 401)
  t.match(response.json(), { code: 'bad.credentials', status: 401, message: /./, contextId: /./, details: [], errors: [] })
  t.ok(await tokens.find(refreshToken!), 'so that the client can refresh and try again')
})

t.test('lets a page of any origin call with an Authorization header', async t => {
  const response = await app.inject({
    method: 'OPTIONS',
    url: '/api/v2/webdeployments/token/revoke',
    headers: {
      origin: 'http://app.localhost:3000',
      'access-control-request-method': 'DELETE',
      'access-control-request-headers': 'authorization,x-journey-session-id'
    }
  })
  t.equal(response.statusCode, 204)
  t.match(response.headers, {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': /DELETE/,
    'access-control-allow-headers': /authorization.*x-journey-session-id/
  })
})
