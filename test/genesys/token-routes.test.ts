import type { InjectOptions } from 'fastify'
import t from 'tap'
import { anonymousDeploymentId, ada, buildApp, deploymentId, startGenesys } from './helper.ts'

const verifier = 'v'.repeat(43)
const oauth = { code: 'a-code', redirectUri: 'http://app.localhost:3000/messenger/callback', codeVerifier: verifier }

const exchange = (payload: object): InjectOptions => ({
  method: 'POST',
  url: '/api/v2/webdeployments/token/oauthcodegrantjwtexchange',
  payload
})

t.test('answers what it cannot do with the platform\'s error body', async t => {
  const { app } = await buildApp(t)
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
  const { app, tokens } = await startGenesys(t)
  for (const scheme of ['bearer', 'Bearer']) {
    const { jwt, refreshToken } = await tokens.issue({ deploymentId, identity: ada, idpRefreshToken: 'x' })
    const revoke = () => app.inject({ method: 'DELETE', url: '/api/v2/webdeployments/token/revoke', headers: { authorization: `${scheme} ${jwt}`, 'content-type': 'application/json' } })
    const response = await revoke()
    t.equal(response.statusCode, 204, scheme)
    t.equal(response.body, '')
    t.equal((await revoke()).statusCode, 401, 'once only')
    t.equal(await tokens.find(refreshToken!), undefined)
  }
})

t.test('revokes nothing for a JWT that has expired', async t => {
  const { app, tokens } = await startGenesys(t)
  const { jwt, refreshToken } = await tokens.issue({ deploymentId, identity: ada, accessTokenExpiresIn: 0, idpRefreshToken: 'x' })
  const response = await app.inject({ method: 'DELETE', url: '/api/v2/webdeployments/token/revoke', headers: { authorization: `Bearer ${jwt}` } })
  t.equal(response.statusCode, 401)
  t.match(response.json(), { code: 'bad.credentials', status: 401, message: /./, contextId: /./, details: [], errors: [] })
  t.ok(await tokens.find(refreshToken!), 'so that the client can refresh and try again')
})

t.test('lets a page of any origin call with an Authorization header', async t => {
  const { app } = await buildApp(t)
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
