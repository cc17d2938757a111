import t from 'tap'
import { startIdp } from './helper.ts'

const address = '/.well-known/openid-configuration'

t.test('names its issuer and what it can do', async t => {
  const { app } = await startIdp(t)
  const response = await app.inject(address)
  t.equal(response.statusCode, 200)
  const document = response.json()
  t.match(document, {
    issuer: 'http://idp.localhost:3001',
    authorization_response_iss_parameter_supported: true,
    claims_parameter_supported: true,
    request_uri_parameter_supported: false
  })
  t.same(document.response_types_supported, ['code'])
  t.same(document.code_challenge_methods_supported, ['S256'])
  t.same(document.id_token_signing_alg_values_supported, ['RS256'])
  t.same(document.token_endpoint_auth_methods_supported, ['client_secret_basic', 'client_secret_post'])
  t.same(document.grant_types_supported.sort(), ['authorization_code', 'refresh_token'])
  t.same(document.subject_types_supported, ['public'])
  t.same(document.scopes_supported.sort(), ['address', 'email', 'offline_access', 'openid', 'phone', 'profile'])
})

const names: [string, Record<string, string>][] = [
  ['by its own name', {}],
  ['by another name', { host: 'evil.example' }],
  ['through a proxy that gives another name', { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }],
  ['by a container\'s health check', { host: '127.0.0.1:3001' }]
]
for (const [label, headers] of names) {
  t.test(`puts every endpoint under its issuer when it is called ${label}`, async t => {
    const { app, config } = await startIdp(t)
    const document = (await app.inject({ url: address, headers })).json() as Record<string, unknown>
    const endpoints = Object.entries(document).filter(([name]) => name.endsWith('_endpoint') || name === 'jwks_uri')
    t.ok(endpoints.length >= 7)
    for (const [name, endpoint] of endpoints) t.ok(String(endpoint).startsWith(`${config.issuer}/`), `${name}: ${endpoint}`)
    t.equal(document.issuer, config.issuer)
  })
}

t.test('announces https endpoints behind TLS', async t => {
  const { app } = await startIdp(t, { IDP_ISSUER: 'https://id.example' })
  const document = (await app.inject(address)).json()
  t.equal(document.issuer, 'https://id.example')
  t.equal(document.token_endpoint, 'https://id.example/token')
})

t.test('answers at every endpoint that it announces', async t => {
  const { app } = await startIdp(t)
  const document = (await app.inject(address)).json() as Record<string, string>
  const methods: Record<string, ('GET' | 'POST')[]> = {
    // Not POST: oidc-provider takes it there only with SameSite=None cookies, which browsers refuse over plain http.
    authorization_endpoint: ['GET'],
    end_session_endpoint: ['GET'],
    introspection_endpoint: ['POST'],
    jwks_uri: ['GET'],
    revocation_endpoint: ['POST'],
    token_endpoint: ['POST'],
    userinfo_endpoint: ['GET', 'POST']
  }
  const announced = Object.keys(document).filter(name => name.endsWith('_endpoint') || name === 'jwks_uri').sort()
  t.same(announced, Object.keys(methods))
  for (const name of announced) {
    for (const method of methods[name] ?? []) {
      const response = await app.inject({
        method,
        url: new URL(document[name]!).pathname,
        ...(method === 'POST' && { headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload: 'a=b' })
      })
      t.not(response.statusCode, 404, `${method} ${name}`)
      t.ok(response.statusCode < 500, `${method} ${name}: ${response.statusCode}`)
    }
  }
})

t.test('publishes the public half of one RS256 signing key', async t => {
  const { app } = await startIdp(t)
  const { keys } = (await app.inject('/jwks')).json()
  t.match(keys, [{ kty: 'RSA', alg: 'RS256', use: 'sig', kid: /./, n: /./, e: 'AQAB' }])
  t.equal(keys.length, 1)
  for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi']) t.notOk(secret in keys[0], secret)
})

t.test('is up and ready as soon as it answers', async t => {
  const { app } = await startIdp(t)
  t.same((await app.inject('/livez')).json(), { status: 'up' })
  t.same((await app.inject('/readyz')).json(), { status: 'ready' })
})

t.test('answers 404 with a page for browsers and JSON for everybody else', async t => {
  const { app } = await startIdp(t)
  const page = await app.inject({ url: '/nowhere?token=secret', headers: { accept: 'text/html' } })
  t.equal(page.statusCode, 404)
  t.match(page.headers['content-type'], 'text/html')
  t.match(page.body, 'Page not found')
  const json = await app.inject('/nowhere?token=secret')
  t.equal(json.statusCode, 404)
  t.same(json.json(), { error: 'not_found', error_description: 'there is nothing at /nowhere' })
})
