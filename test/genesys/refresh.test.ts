import { decodeJwt, SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { anonymousDeploymentId, deploymentId, startGenesys } from './helper.ts'
import { redirectUris, startIdp } from './identity-provider.ts'

/** Somebody who has signed in to Messenger, with an identity provider that can renew that. */
async function signedIn (t: Test) {
  const idp = await startIdp(t, { refreshTokens: true })
  const service = await startGenesys(t, { issuer: idp.issuer })
  const { app } = service

  const exchange = async () => (await app.inject({
    method: 'POST',
    url: '/api/v2/webdeployments/token/oauthcodegrantjwtexchange',
    payload: { deploymentId, oauth: { code: await idp.code(), redirectUri: redirectUris[0] } }
  })).json() as { jwt: string, refreshToken: string }
  const refresh = (payload: object) => app.inject({ method: 'POST', url: '/api/v2/webdeployments/token/refresh', payload })
  const revoke = (jwt: string) => app.inject({
    method: 'DELETE', url: '/api/v2/webdeployments/token/revoke', headers: { authorization: `Bearer ${jwt}` }
  })
  return { ...service, idp, exchange, refresh, revoke, ...await exchange() }
}

t.test('refreshes with and without a deploymentId, again and again, and refuses another one', async t => {
  const { tokens, refresh, refreshToken, idp } = await signedIn(t)
  for (const payload of [{ refreshToken, deploymentId }, { refreshToken }]) {
    const response = await refresh(payload)
    t.equal(response.statusCode, 200)
    t.same(Object.keys(response.json()), ['jwt'], 'the client keeps its refresh token')
    t.equal(response.headers['cache-control'], 'no-store')
    t.match(await tokens.verify(response.json().jwt), { deploymentId, identity: { sub: 'ada', name: 'Ada Lovelace' } })
  }
  t.equal(idp.tokenRequests(), 3, 'the identity provider was asked each time')
  t.equal((await refresh({ refreshToken, deploymentId: anonymousDeploymentId })).statusCode, 401)
  t.equal(idp.tokenRequests(), 3, 'and not for the one that was refused')
})

t.test('refuses for good once the user is disabled, and ends nobody else\'s', async t => {
  const { tokens, exchange, refresh, refreshToken, jwt, idp } = await signedIn(t)
  const other = await exchange()
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
  const { refresh, refreshToken, idp } = await signedIn(t)
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
  const { tokens, refresh, refreshToken, idp } = await signedIn(t)
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
  const { refresh, refreshToken, idp } = await signedIn(t)
  for (const [accessToken, life] of [[120, 120], [3600, 900], [600, 600]] as const) {
    idp.life.accessToken = accessToken
    const { exp = 0, iat = 0 } = decodeJwt((await refresh({ refreshToken })).json().jwt)
    t.equal(exp - iat, life)
  }
})

t.test('takes over what the identity provider has learnt about the user', async t => {
  const { tokens, refresh, refreshToken, jwt, idp } = await signedIn(t)
  const { since } = (await tokens.verify(jwt))!.identity
  idp.accounts['ada'] = { ...idp.accounts['ada'], family_name: 'King', name: 'Ada King' }
  const refreshed = (await refresh({ refreshToken })).json().jwt as string
  for (const token of [refreshed, jwt]) t.match(await tokens.verify(token), { identity: { sub: 'ada', name: 'Ada King', family_name: 'King', since } })
})

const forgeries: [string, (claims: Record<string, unknown>) => Record<string, unknown>][] = [
  ['somebody else', claims => ({ ...claims, sub: 'grace' })],
  ['another client', claims => ({ ...claims, aud: 'relying-party' })],
  ['another issuer', claims => ({ ...claims, iss: 'http://evil.example' })]
]
for (const [label, change] of forgeries) {
  t.test(`refuses a refresh that comes with the ID token of ${label}, and gives no second chance`, async t => {
    const { tokens, refresh, refreshToken, jwt, idp } = await signedIn(t)
    idp.provider.use(async (context, next) => {
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

t.test('goes on without an ID token', async t => {
  const { tokens, refresh, refreshToken, idp } = await signedIn(t)
  idp.provider.use(async (context, next) => {
    await next()
    if (context.path === '/token') delete (context.body as { id_token?: string }).id_token
  })
  const response = await refresh({ refreshToken })
  t.equal(response.statusCode, 200)
  t.match(await tokens.verify(response.json().jwt), { identity: { sub: 'ada', name: 'Ada Lovelace' } })
})

t.test('keeps the grant when the identity provider does not know Genesys any more: that is not the user\'s doing', async t => {
  const { refresh, refreshToken, idp } = await signedIn(t)
  const stranger = { error: 'unauthorized_client', error_description: 'not today' }
  let known = false
  idp.provider.use(async (context, next) => {
    if (known || context.path !== '/token') return await next()
    context.status = 400
    context.body = stranger
  })
  t.equal((await refresh({ refreshToken })).statusCode, 401)
  known = true
  t.equal((await refresh({ refreshToken })).statusCode, 200)
})

t.test('gives nothing to a user who signs out while the identity provider thinks', async t => {
  const { tokens, refresh, revoke, refreshToken, jwt, idp } = await signedIn(t)
  const thinking = Promise.withResolvers<void>()
  const signedOut = Promise.withResolvers<void>()
  idp.provider.use(async (context, next) => {
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
  const { tokens, refresh, revoke, refreshToken, jwt, idp } = await signedIn(t)
  const refreshed = (await refresh({ refreshToken })).json().jwt as string
  const asked = idp.tokenRequests()
  t.equal((await revoke(refreshed)).statusCode, 204)
  for (const token of [jwt, refreshed]) t.equal(await tokens.verify(token), undefined)
  t.equal((await refresh({ refreshToken })).statusCode, 401)
  t.equal(idp.tokenRequests(), asked, 'and the identity provider is left alone')
})
