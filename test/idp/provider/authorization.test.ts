import t from 'tap'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { codeVerifier, startIdp, Visitor } from '../helper.ts'

const idp = await startIdp(t)

const callback = 'http://app.localhost:3000/callback'

// Nothing may be sent to an address that is not the client's, not even the error.
const dead: [string, Record<string, string | undefined>, string][] = [
  ['a redirect URI of somebody else', { redirect_uri: 'https://evil.example/callback' }, 'invalid_redirect_uri'],
  ['a redirect URI with a slash at its end', { redirect_uri: `${callback}/` }, 'invalid_redirect_uri'],
  ['a redirect URI with another port', { redirect_uri: 'http://app.localhost:3999/callback' }, 'invalid_redirect_uri'],
  ['a redirect URI with a longer path', { redirect_uri: `${callback}/more` }, 'invalid_redirect_uri'],
  ['a redirect URI that climbs back', { redirect_uri: 'http://app.localhost:3000/x/../callback' }, 'invalid_redirect_uri'],
  ['a redirect URI with a query', { redirect_uri: `${callback}?next=/` }, 'invalid_redirect_uri'],
  ['a redirect URI in another case', { redirect_uri: 'http://app.localhost:3000/Callback' }, 'invalid_redirect_uri'],
  ['a redirect URI with another scheme', { redirect_uri: callback.replace('http:', 'https:') }, 'invalid_redirect_uri'],
  [
    'a redirect URI with a user in it',
    { redirect_uri: 'http://app.localhost:3000@evil.example/callback' },
    'invalid_redirect_uri'
  ],
  [
    'the redirect URI of another client',
    { redirect_uri: 'http://app.localhost:3000/messenger/callback' },
    'invalid_redirect_uri'
  ],
  ['no redirect URI', { redirect_uri: undefined }, 'invalid_request'],
  ['an unknown client', { client_id: 'stranger' }, 'invalid_client'],
  ['no client', { client_id: undefined }, 'invalid_request']
]
for (const [label, changes, error] of dead) {
  t.test(`refuses ${label} with a page, and sends the browser nowhere`, async t => {
    const { status, headers, location, $ } = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty, changes))
    t.equal(status, 400)
    t.match(headers.get('content-type'), 'text/html')
    t.equal(location, undefined)
    t.equal($('.facts code').text(), error)
    t.equal($('form, script, meta[http-equiv]').length, 0, 'nothing goes on by itself')
    t.equal($('.ways a').attr('href'), 'http://app.localhost:3000/', 'there is a way on')
  })
}

// What was sent and the registered one that is most like it, each with what is marked in brackets.
const compared: [string, string, string, string][] = [
  [`${callback}/`, `${callback}[/]`, `${callback}[]`, 'has no slash at the end'],
  ['http://app.localhost:3999/callback', 'http://app.localhost:[3999]/callback', 'http://app.localhost:[3000]/callback', 'has another port'],
  ['http://app.localhost:3000/calback', 'http://app.localhost:3000/[calback]', 'http://app.localhost:3000/[callback]', 'has another path'],
  [callback.replace('http:', 'https:'), '[https]://app.localhost:3000/callback', '[http]://app.localhost:3000/callback', 'has another scheme'],
  ['http://app.localhost:3000/Callback', 'http://app.localhost:3000/[Callback]', 'http://app.localhost:3000/[callback]', 'has other capitals'],
  ['/callback', '[]/callback', '[http://app.localhost:3000]/callback', 'is a URI, and what was sent is none'],
  [`${callback}?<script>`, `${callback}[?<script>]`, `${callback}[]`, 'has another query']
]
for (const [uri, sent, registered, difference] of compared) {
  t.test(`shows in a lab how ${uri} differs from what is registered`, async t => {
    const { $ } = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty, { redirect_uri: uri }))
    $('mark').prepend('[').append(']')
    t.strictSame($('.uris code').toArray().map(code => $(code).text()), [sent, registered])
    t.match($('.uris dt').last().text(), difference)
  })
}

t.test('shows the same of where a sign-out was to end', async t => {
  const parameters = { client_id: 'relying-party', post_logout_redirect_uri: 'http://app.localhost:3000' }
  const { $ } = await new Visitor(idp).open(`/session/end?${new URLSearchParams(parameters)}`)
  t.strictSame($('.uris code').toArray().map(code => $(code).text()), [
    'http://app.localhost:3000', 'http://app.localhost:3000/', 'http://app.localhost:3000/logout/callback'
  ])
})

t.test('tells nobody outside a lab what is registered', async t => {
  const outside = await startIdp(t, { LAB: 'false', STATE_DIR: temporaryFolder(t) })
  const { $ } = await new Visitor(outside).open(outside.authorizationRequest(outside.relyingParty, { redirect_uri: `${callback}/` }))
  t.match([$('.facts code').text(), $('.uris').length], ['invalid_redirect_uri', 0])
})

t.test('names a client that it does not know as it calls itself, however long and whatever it says', async t => {
  const page = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty, { client_id: `<b>${'x'.repeat(1_000)}` }))
  t.match(page.$('.lead strong').text(), /^<b>x{197}…$/)
})

const told: [string, Record<string, string | undefined>, string][] = [
  ['a request without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
  ['PKCE with the plain method', { code_challenge: codeVerifier, code_challenge_method: 'plain' }, 'invalid_request'],
  [
    'PKCE without a method, which means plain',
    { code_challenge: codeVerifier, code_challenge_method: undefined },
    'invalid_request'
  ],
  ['a code challenge that is none', { code_challenge: 'short' }, 'invalid_request'],
  ['the implicit flow', { response_type: 'id_token' }, 'unsupported_response_type'],
  ['the implicit flow with a token', { response_type: 'id_token token' }, 'unsupported_response_type'],
  ['the hybrid flow', { response_type: 'code id_token' }, 'unsupported_response_type'],
  ['no response type', { response_type: undefined }, 'invalid_request'],
  ['a request without openid', { scope: 'profile' }, 'invalid_request'],
  ['prompt=none for a browser that nobody has signed in with', { prompt: 'none' }, 'login_required'],
  ['prompt=none together with another prompt', { prompt: 'none login' }, 'invalid_request'],
  ['a signed request object', { request: 'e30.e30.' }, 'request_not_supported']
]
for (const [label, changes, error] of told) {
  t.test(`refuses ${label} and tells the client`, async t => {
    const { location } = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty, changes))
    t.equal(`${location?.origin}${location?.pathname}`, callback)
    // The implicit and hybrid flows have their answers in the fragment.
    const answer = Object.fromEntries(new URLSearchParams(location?.search || location?.hash.slice(1)))
    t.match(answer, { error, state: 'the-state', iss: idp.config.issuer })
    t.notOk('code' in answer)
  })
}

t.test('answers a correct request with a code, the state and its own name', async t => {
  const { location } = await new Visitor(idp).signIn('alice')
  t.equal(`${location?.origin}${location?.pathname}`, callback)
  t.match(Object.fromEntries(location!.searchParams), { code: /^.{20,}$/, state: 'the-state', iss: idp.config.issuer })
  t.equal([...location!.searchParams].length, 3)
})

t.test('keeps its cookies from scripts, and behind TLS from the clear', async t => {
  for (const [issuer, secure] of [['http://idp.localhost:3001', false], ['https://id.example', true]] as const) {
    const idp = await startIdp(t, { IDP_ISSUER: issuer })
    const visitor = new Visitor(idp)
    await visitor.signIn('alice')
    const { cookies } = visitor.jar.serializeSync()!
    t.ok(cookies.some(({ key }) => key === '_session'), issuer)
    for (const { key, httpOnly, sameSite, secure: actual } of cookies) {
      const isCopy = String(key).startsWith('_session_in_frames')
      const expected = isCopy ? { sameSite: 'none', secure: true } : { sameSite: 'lax', secure }
      t.match({ httpOnly, sameSite, secure: actual ?? false }, { httpOnly: true, ...expected }, `${issuer}: ${key}`)
    }
  }
})

t.test('sends an answer as a form by a click, as its pages run no script', async t => {
  const visitor = new Visitor(idp)
  const page = await visitor.signIn('alice', idp.relyingParty, { response_mode: 'form_post' })
  t.equal(page.status, 200)
  t.notMatch(page.text, /<script/)
  t.equal(page.$('form').attr('action'), idp.relyingParty.redirect_uris[0])
  const fields = Object.fromEntries(page.$('form').serializeArray().map(({ name, value }) => [name, value]))
  t.match(fields, { state: 'the-state', iss: idp.config.issuer })
  t.equal((await idp.redeem(idp.relyingParty, fields['code']!)).statusCode, 200)
  t.match(page.headers.get('content-security-policy'), 'form-action *;')

  const refused = await visitor.open(idp.authorizationRequest(idp.relyingParty, { response_mode: 'form_post', scope: 'profile' }))
  t.match(refused.$('input[name=error]').attr('value'), 'invalid')
})

const address = '/.well-known/openid-configuration'

t.test('names its issuer and what it can do', async t => {
  const { app } = idp
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
    const { app, config } = idp
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
  const { app } = idp
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
  const { app } = idp
  const { keys } = (await app.inject('/jwks')).json()
  t.match(keys, [{ kty: 'RSA', alg: 'RS256', use: 'sig', kid: /./, n: /./, e: 'AQAB' }])
  t.equal(keys.length, 1)
  for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi']) t.notOk(secret in keys[0], secret)
})

t.test('is up and ready as soon as it answers', async t => {
  const { app } = idp
  t.same((await app.inject('/livez')).json(), { status: 'up' })
  t.same((await app.inject('/readyz')).json(), { status: 'ready' })
})

t.test('answers 404 with a page for browsers and JSON for everybody else', async t => {
  const { app } = idp
  const page = await app.inject({ url: '/nowhere?token=secret', headers: { accept: 'text/html' } })
  t.equal(page.statusCode, 404)
  t.match(page.headers['content-type'], 'text/html')
  t.match(page.body, 'Page not found')
  const json = await app.inject('/nowhere?token=secret')
  t.equal(json.statusCode, 404)
  t.same(json.json(), { error: 'not_found', error_description: 'there is nothing at /nowhere' })
})
