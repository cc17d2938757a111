// What the doctor makes of what a provider says of itself, or does not say.
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import t, { type Test } from 'tap'
import { explainFailure } from '../../scripts/doctor/requests/connection-failures.ts'
import { endlessJson } from '../helpers/endless-json.ts'
import { anotherAuthority, authority, startTlsServer } from '../lib/tls.ts'
import { serve } from '../strictness/providers.ts'
import { alone, rowsOf, look, startAnswering, startProvider } from './helper.ts'

const document = 'discovery document'
const issuer = 'issuer, seen from here'

t.test('says what came in place of a document', async t => {
  const answers = await startAnswering(t, url => ({
    '/page/.well-known/openid-configuration': { body: '<html><head><title>x</title></head><h1>Sign in &amp; go on</h1></html>' },
    '/broken/.well-known/openid-configuration': { status: 503, body: 'Down' },
    '/closed/.well-known/openid-configuration': { status: 403, body: 'Not you' },
    '/moved/.well-known/openid-configuration': { status: 302, headers: { location: `${url}/elsewhere` } },
    '/array/.well-known/openid-configuration': { body: [] }
  }))
  const ask = (path: string) => look({ ...alone, IDP_ISSUER: answers + path }, document)
  t.match(await ask('/page'), { verdict: 'problem', seen: /a page in place of JSON: “Sign in & go on”/ })
  t.match(await ask('/broken'), { verdict: 'problem', seen: /the provider fails: 503 “Down”/ })
  t.match(await ask('/closed'), { verdict: 'problem', seen: /answered with 403 “Not you”/ })
  t.match(await ask('/moved'), { verdict: 'problem', seen: `redirects to ${answers}/elsewhere` })
  t.match(await ask('/array'), { verdict: 'problem', seen: /no JSON object/ })
  t.match(await ask('/realm'), {
    verdict: 'problem',
    seen: /not there: 404/,
    change: /Keycloak: .*\/realms\/<realm>.*Okta: .*\/oauth2\/default.*Auth0: .*Entra ID: .*<tenant id>\/v2\.0/
  })
})

t.test('reads no answer to its end that has none', async t => {
  const answer = endlessJson()
  const server = createHttpServer((_request, response) => { answer.stream.pipe(response) })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { server.close().closeAllConnections() })
  const IDP_ISSUER = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  t.match(await look({ ...alone, IDP_ISSUER }, document), { verdict: 'problem', seen: /sends more than 2 MB/ })
  t.ok(answer.bytes() < 10 * 1024 * 1024, `${answer.bytes()} bytes were sent`)
})

t.test('compares the issuer as the relying party does, and names a slash', async t => {
  const provider = await startProvider(t)
  const seen = (changes: Record<string, string>) => look({ ...alone, ...changes }, issuer)
  t.match(await seen({ IDP_ISSUER: provider }), { verdict: 'ok' })
  t.match(await seen({ IDP_ISSUER: `${provider}/` }), { verdict: 'ok', seen: /the slash after the host makes no difference/ })

  const realm = await startAnswering(t, url => ({
    '/realms/shop/.well-known/openid-configuration': { body: { issuer: `${url}/realms/shop/` } },
    '/other/.well-known/openid-configuration': { body: { issuer: 'https://login.example' } },
    '/common/v2.0/.well-known/openid-configuration': { body: { issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' } },
    '/organizations/v2.0/.well-known/openid-configuration': { body: { issuer: 'https://login.example/8f5a/v2.0' } },
    '/one/.well-known/openid-configuration': { body: { issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' } },
    '/none/.well-known/openid-configuration': { body: {} }
  }))
  t.match(await seen({ IDP_ISSUER: `${realm}/realms/shop` }), {
    verdict: 'problem',
    seen: /the one has a slash at its end/,
    change: `set IDP_ISSUER=${realm}/realms/shop/, character by character`
  })
  t.match(await seen({ IDP_ISSUER: `${realm}/realms/shop/` }), { verdict: 'ok' })
  t.match(await seen({ IDP_ISSUER: `${realm}/other` }), {
    verdict: 'problem', change: /set IDP_ISSUER=https:\/\/login\.example if .*Keycloak: hostname/
  })
  for (const path of ['/common/v2.0', '/organizations/v2.0', '/one']) {
    t.match(await seen({ IDP_ISSUER: realm + path }), { verdict: 'problem', change: /name one tenant of Entra ID/ }, path)
  }
  t.match(await seen({ IDP_ISSUER: `${realm}/none` }), { verdict: 'problem', seen: 'the document names no issuer' })
})

t.test('wants the endpoints to be there, to be URLs, and where browsers can get to', async t => {
  const seen = async (name: string, metadata: Record<string, unknown>, changes: Record<string, string> = {}) =>
    look({ ...alone, IDP_ISSUER: await startProvider(t, metadata), ...changes }, name)
  t.match(await seen('endpoints', {}), { verdict: 'ok' })
  t.match(await seen('endpoints', { token_endpoint: undefined, jwks_uri: undefined }), {
    verdict: 'problem', seen: 'the document lacks token_endpoint, jwks_uri'
  })
  t.match(await seen('endpoints', { token_endpoint: '/token' }), { verdict: 'problem', seen: 'no URL: token_endpoint' })

  const elsewhere = await startProvider(t)
  const apart = { authorization_endpoint: `${elsewhere}/authorize` }
  t.match(await seen('addresses of the endpoints', {}), { verdict: 'ok' })
  t.match(await seen('addresses of the endpoints', apart), {
    verdict: 'warning', seen: /browsers are sent to .*, the relying party redeems codes at/
  })
  t.match(await seen('addresses of the endpoints', apart, { APP_URL: 'https://app.example' }), {
    verdict: 'problem', change: /browsers elsewhere cannot open localhost/
  })
  t.match(await seen('addresses of the endpoints', { token_endpoint: 'http://keycloak.localhost:2/token' }), {
    verdict: 'problem', seen: /where the relying party redeems codes: nothing listens at keycloak\.localhost:2/
  })
})

const wrong: [string, Record<string, unknown>, Record<string, string>, RegExp, RegExp][] = [
  ['authorization code flow', { response_types_supported: ['id_token'] }, {}, /problem/, /only response_type id_token/],
  ['authorization code flow', { response_types_supported: undefined }, {}, /skipped/, /no response_types_supported/],
  ['PKCE', { code_challenge_methods_supported: ['plain'] }, {}, /problem/, /only plain/],
  ['PKCE', {}, {}, /warning/, /does not say/],
  ['client authentication method', { token_endpoint_auth_methods_supported: ['private_key_jwt'] }, {}, /problem/,
    /client_secret_basic is not among private_key_jwt/],
  ['client authentication method', {}, {}, /ok/, /client_secret_basic/],
  ['client authentication method', {}, { OIDC_CLIENT_AUTH: 'client_secret_post' }, /problem/,
    /client_secret_post is not among client_secret_basic/],
  ['scopes offered', {}, {}, /skipped/, /no scopes_supported/],
  ['scopes offered', { scopes_supported: ['openid', 'profile'] }, {}, /warning/, /email/],
  ['signature of ID tokens', { id_token_signing_alg_values_supported: ['HS256', 'none'] }, {}, /problem/, /only HS256, none/],
  ['signature of ID tokens', { id_token_signing_alg_values_supported: ['HS256', 'ES256'] }, {}, /ok/, /^ES256$/],
  ['signature of ID tokens', {}, {}, /warning/, /does not say/],
  ['way of signing in', {}, {}, /ok/, /^none is demanded$/],
  ['way of signing in', { acr_values_supported: ['low'] }, { OIDC_ACR_VALUES: 'high' }, /problem/, /nobody can sign in by high.*offers low/],
  ['way of signing in', { acr_values_supported: ['low'] }, { OIDC_ACR_VALUES: 'high', OIDC_ACR: 'voluntary' }, /ok/, /none/],
  ['way of signing in', { claims_supported: ['sub'] }, { OIDC_ACR_VALUES: 'high', OIDC_PROMPT: 'login' }, /warning/,
    /may come without acr and auth_time/],
  ['way of signing in', { claims_supported: ['auth_time'] }, { OIDC_MAX_AGE: '600' }, /ok/, /auth_time/],
  ['claims parameter', {}, {}, /warning/, /cannot be asked for one person/],
  ['userinfo', {}, {}, /warning/, /no userinfo_endpoint/],
  ['pushed requests (PAR)', { require_pushed_authorization_requests: true }, { OIDC_PAR: 'never' }, /problem/,
    /OIDC_PAR is never/],
  ['pushed requests (PAR)', { require_pushed_authorization_requests: true }, {}, /problem/, /Genesys' client cannot be pushed/],
  ['sign-out at the provider', {}, {}, /warning/, /no end_session_endpoint/],
  ['revocation', {}, {}, /ok/, /not offered/],
  ['revocation', {}, { OIDC_SCOPE: 'openid offline_access' }, /warning/, /live on after a sign-out/],
  ['sign-out elsewhere', {}, {}, /warning/, /neither/],
  ['sign-out elsewhere', { frontchannel_logout_supported: true }, {}, /warning/, /front-channel logout alone/],
  ['sign-out elsewhere', { backchannel_logout_supported: true }, {}, /ok/, /http:\/\/app\.localhost:2\/backchannel-logout/]
]
for (const [name, metadata, settings, verdict, seen] of wrong) {
  t.test(`${name}: ${JSON.stringify({ ...metadata, ...settings })}`, async t => {
    const issuer = await startProvider(t, metadata)
    t.match(await look({ ...alone, ...settings, IDP_ISSUER: issuer }, name), { verdict, seen })
  })
}

t.test('looks at the keys for those that verify ID tokens, and for what nobody should see', async t => {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const [open, secret] = [await exportJWK(publicKey), await exportJWK(privateKey)]
  const seen = async (keys: object[], algorithms?: string[]) => {
    const issuer = await startProvider(t, { id_token_signing_alg_values_supported: algorithms }, { '/jwks': { body: { keys } } })
    return look({ ...alone, IDP_ISSUER: issuer }, 'keys (JWKS)')
  }
  t.match(await seen([{ ...open, kid: 'a', use: 'sig' }]), { verdict: 'ok', seen: '1 for signatures: RS256' })
  t.match(await seen([{ ...open, kid: 'a' }], ['ES256']), { verdict: 'problem', seen: /none of which verifies ES256/ })
  t.match(await seen([{ ...open, use: 'enc' }]), { verdict: 'problem' })
  t.match(await seen([{ ...open, alg: 'RS512' }]), { verdict: 'problem' })
  t.match(await seen([secret]), { verdict: 'problem', seen: /a key has its private part/ })
  t.match(await seen([{ kty: 'oct', k: 'c2VjcmV0', kid: 'h' }, open]), { verdict: 'problem', seen: /a key has its private part/ })
  t.match(await seen([{ ...open, kid: 'a' }, { ...open, kid: 'a' }]), { verdict: 'warning', seen: /the same kid/ })
  t.match(await seen([{ ...open, kid: 'a' }, open]), { verdict: 'warning', seen: /not each has a kid/ })
})

t.test('says that nobody listens, and skips what needs the document', async t => {
  const rows = await rowsOf(alone)
  t.match(rows.get(document), {
    verdict: 'problem',
    seen: 'nothing listens at idp.localhost:2 (GET http://idp.localhost:2/.well-known/openid-configuration)',
    change: 'start it, or correct the URL: is 2 the right port?'
  })
  t.match(rows.get('redirect URI'), { verdict: 'skipped', seen: 'there is no discovery document' })
  t.match(rows.get('answers'), { verdict: 'problem', seen: /nothing listens at app\.localhost:2/ })
  t.match(rows.get('cookies'), { verdict: 'skipped', seen: 'the relying party does not answer' })
  t.match(rows.get('script'), { verdict: 'problem', seen: /nothing listens at genesys\.localhost:2/ })
  t.equal(rows.get('clock')?.verdict, 'skipped')
})

/** The five seconds that an answer may take are half a second, for one test. */
function hurry (t: Test) {
  const { timeout } = AbortSignal
  t.intercept(AbortSignal, 'timeout', { value: (ms: number) => timeout.call(AbortSignal, ms / 10) })
}

t.test('gives up on servers that never answer, and says so', async t => {
  hurry(t)
  const silent = await serve(t, () => () => {})
  const names = [document, 'answers', 'script', 'deployment']
  const rows = await rowsOf({ IDP_ISSUER: silent, APP_URL: silent, GENESYS_URL: silent }, ...names)
  for (const name of names) {
    t.match(rows.get(name), { verdict: 'problem', seen: /did not answer within five seconds/ }, name)
  }
})

t.test('gives up on what a provider never answers, and still looks at the rest', async t => {
  hurry(t)
  const silent = await serve(t, () => () => {})
  const issuer = await startProvider(t, {
    authorization_endpoint: `${silent}/authorize`,
    token_endpoint: `${silent}/token`,
    jwks_uri: `${silent}/jwks`,
    end_session_endpoint: `${silent}/end`,
    pushed_authorization_request_endpoint: `${silent}/par`
  })
  const rows = await rowsOf({ ...alone, IDP_ISSUER: issuer })
  const names = [
    'addresses of the endpoints', 'keys (JWKS)', 'client credentials', 'redirect URI', 'redirect URI, Messenger',
    'post-logout redirect URI'
  ]
  for (const name of names) t.match(rows.get(name), { verdict: 'problem', seen: /did not answer within five seconds/ }, name)
  t.match(rows.get('authorization code flow'), { verdict: 'ok' })
})

t.test('says that a server hangs up', async t => {
  const server = createServer(socket => socket.destroy())
  t.teardown(() => server.close())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const row = await look({ ...alone, IDP_ISSUER: `http://localhost:${(server.address() as AddressInfo).port}` }, document)
  t.match(row, { verdict: 'problem', seen: /closed the connection without an answer/ })
})

t.test('looks at certificates as the relying party does', async t => {
  const origin = await startTlsServer(t, ({ headers }, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ issuer: `https://${headers.host}` }))
  })
  const files = t.testdir({ 'authority.pem': authority, 'another.pem': anotherAuthority })
  const ask = (issuer: string, ca: string) =>
    look({ ...alone, IDP_ISSUER: issuer, OIDC_CA_FILE: ca }, document)

  t.match(await ask(origin, ''), {
    verdict: 'problem',
    seen: /certificate of .* is by an authority that is not known here/,
    change: /^set OIDC_CA_FILE to a PEM file.*; where that of the lab is, npm run lab:trust says$/
  })
  t.match(await ask(origin, `${files}/another.pem`), { verdict: 'problem', seen: /an authority that is not known here/ })
  t.match(await ask(origin, `${files}/authority.pem`), { verdict: 'ok' })
  t.match(await ask(origin.replace('id.localhost', 'an.id.localhost'), `${files}/authority.pem`), {
    verdict: 'problem', seen: /certificate of an\.id\.localhost:\d+ is for other names: .*localhost/
  })
  t.match(await ask(origin.replace('https:', 'http:'), ''), { verdict: 'problem' })
})

t.test('says that a port for http does not speak TLS', async t => {
  const plain = await serve(t, () => (_request, response) => { response.end() })
  const row = await look({ ...alone, IDP_ISSUER: plain.replace('http:', 'https:') }, document)
  t.match(row, { verdict: 'problem', seen: /does not speak TLS as it should/ })
})

const failures: [string, string, RegExp, RegExp][] = [
  ['ENOTFOUND', 'getaddrinfo ENOTFOUND idp.example', /the name idp\.example is not known here/, /DNS/],
  ['CERT_HAS_EXPIRED', 'certificate has expired', /certificate of idp\.example has expired/, /renew/],
  ['CERT_NOT_YET_VALID', 'certificate is not yet valid', /is not valid yet/, /clock of this machine/],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'self-signed', /an authority that is not known/, /NODE_EXTRA_CA_CERTS/],
  ['EHOSTUNREACH', 'no route', /there is no way to idp\.example/, /network/],
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout', /did not answer within five seconds/, /firewall/],
  ['ESOMETHING', 'something else', /no answer from idp\.example: ESOMETHING/, /curl/]
]
for (const [code, message, reason, change] of failures) {
  t.test(`has words for ${code}`, async t => {
    const error = new TypeError('fetch failed', { cause: Object.assign(new Error(message), { code }) })
    const explained = explainFailure(error, new URL('https://idp.example/'), 'NODE_EXTRA_CA_CERTS')
    t.match(explained, { reason, change })
  })
}

t.test('compares it with this machine where the relying party does not answer, and not by what comes from a cache', async t => {
  const late = { date: new Date(Date.now() + 600_000).toUTCString() }
  const document = (headers: Record<string, string>) =>
    ({ '/jwks': { headers, body: { keys: [] } }, '/authorize': { headers }, '/token': { headers } })
  const here = await rowsOf({ ...alone, IDP_ISSUER: await startProvider(t, {}, document(late)) })
  t.match(here.get('clock'), { verdict: 'problem', seen: /^\d+ s ahead of this machine's$/ })
  const cached = await rowsOf({ ...alone, IDP_ISSUER: await startProvider(t, {}, document({ ...late, age: '30' })) })
  t.match(cached.get('clock'), { verdict: 'ok' })
})

t.test('finds nothing wrong where both clocks differ from this machine\'s alike: theirs are the ones that count', async t => {
  const headers = { date: new Date(Date.now() + 600_000).toUTCString() }
  const up = { headers, body: { status: 'up' } }
  const app = await startAnswering(t, () => ({ '/livez': up, '/readyz': up, '/login': up }))
  const issuer = await startProvider(t, {}, { '/jwks': { headers }, '/authorize': { headers }, '/token': { headers } })
  t.match((await rowsOf({ ...alone, IDP_ISSUER: issuer, APP_URL: app })).get('clock'), { verdict: 'ok' })
})
