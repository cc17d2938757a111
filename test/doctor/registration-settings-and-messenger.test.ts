// What the doctor makes of registrations, settings, the application and the Messenger.
import t, { type Test } from 'tap'
import { diagnoseRelyingParty } from '../../scripts/doctor/checks/running-relying-party.ts'
import { objectIn, quote, wordsOf } from '../../scripts/report/answer-text.ts'
import { Peer } from '../../scripts/doctor/requests/peer.ts'
import { fieldAt } from '../../scripts/doctor/advice/identity-products.ts'
import { domainOf, environmentOf, genesysDomain, originsOf } from '../../scripts/doctor/advice/genesys-regions.ts'
import { loadRelyingPartyConfig } from '../../services/relying-party/config.ts'
import { labSettings } from '../helpers/lab.ts'
import { authority, startTlsServer } from '../lib/tls.ts'
import { serve, startMockServer } from '../strictness/providers.ts'
import { alone, rowsOf, look, namesOf, startAnswering, startProvider } from './helper.ts'

t.test('says of oauth2-mock-server that it redirects to any address', async t => {
  const rows = await rowsOf({ ...alone, IDP_ISSUER: await startMockServer(t) })
  t.match(rows.get('redirect URI'), { verdict: 'warning', seen: /also redirects to https:\/\/unregistered\.invalid\/callback/ })
  t.match(rows.get('client credentials'), { verdict: 'warning', seen: /^could not be told: 400 “/ })
  t.match(rows.get('issuer, seen from here'), { verdict: 'ok' })
  t.match(rows.get('keys (JWKS)'), { verdict: 'ok' })
})

/** What each product shows, as far as it is known, and what is made of it. */
const pages: [string, { status?: number, headers?: Record<string, string>, body?: string }, RegExp, RegExp][] = [
  ['Keycloak, redirect URI', { status: 400, body: '<p>Invalid parameter: redirect_uri</p>' }, /problem/, /^register /],
  ['Keycloak, client', { status: 400, body: '<p>Client not found.</p>' }, /problem/, /^the provider does not know the client/],
  ['Auth0, redirect URI', { status: 403, body: '<h1>Callback URL mismatch.</h1>' }, /problem/, /^register /],
  ['Entra ID, redirect URI', { body: '<script>x = {"strMain":"AADSTS50011: The reply URL"}</script>' }, /problem/, /^register /],
  ['Entra ID, client', { body: '<script>x = {"strMain":"AADSTS700016: Application not found"}</script>' },
    /problem/, /does not know the client/],
  ['a page that says little', { status: 400, body: 'Bad request' }, /problem/, /^register .* see too that OIDC_CLIENT_ID=/],
  ['a sign-in page', { body: '<form>Password<input name="redirect_uri" value="x"></form>' }, /warning/, /^sign in at /],
  ['a failure', { status: 502, body: 'Bad gateway' }, /warning/, /try again later/],
  ['too many requests', { status: 429, body: 'Slow down' }, /warning/, /try again later/]
]
for (const [label, answer, verdict, change] of pages) {
  t.test(`understands ${label}`, async t => {
    const row = await look({ ...alone, IDP_ISSUER: await startProvider(t, {}, { '/authorize': answer }) }, 'redirect URI')
    t.match(row, { verdict, change })
  })
}

/** One that redirects to this address alone. */
async function startChoosyProvider (t: Test, registered: string, error: string): Promise<string> {
  const pages = await serve(t, () => ({ url = '' }, response) => {
    const target = new URL(url, 'http://localhost').searchParams.get('redirect_uri')
    if (target === registered) response.writeHead(302, { location: `${registered}?error=${error}` })
    else response.writeHead(400)
    response.end()
  })
  return startProvider(t, { authorization_endpoint: `${pages}/authorize` })
}

const errors: [string, RegExp, RegExp][] = [
  ['login_required', /ok/, /^/],
  ['consent_required', /ok/, /^/],
  ['invalid_scope', /problem/, /take the scope out of OIDC_SCOPE/],
  ['unauthorized_client', /problem/, /allow the client the authorization code grant/],
  ['temporarily_unavailable', /warning/, /try again later/],
  ['invalid_target', /problem/, /OIDC_AUDIENCE/]
]
for (const [error, verdict, change] of errors) {
  t.test(`understands a redirect with ${error}, but only where others are not redirected to`, async t => {
    const issuer = await startChoosyProvider(t, 'http://app.localhost:2/callback', error)
    const row = await look({ ...alone, IDP_ISSUER: issuer }, 'redirect URI')
    t.match(row?.verdict, verdict)
    t.match(row?.change ?? '', change)
  })
}

const tokenAnswers: [string, { status: number, body: object | string }, RegExp, RegExp][] = [
  ['Keycloak, a wrong secret', { status: 401, body: { error: 'unauthorized_client' } }, /problem/, /^compare/],
  ['Auth0, a wrong secret', { status: 401, body: { error: 'access_denied' } }, /problem/, /^compare/],
  ['a client without the code grant', { status: 400, body: { error: 'unsupported_grant_type' } },
    /problem/, /authorization code grant/],
  ['a request that it does not understand', { status: 400, body: { error: 'invalid_request' } }, /warning/, /sign in/],
  ['a provider that looks at no secret', { status: 400, body: { error: 'invalid_grant' } }, /warning/, /the secret is wrong$/],
  ['a page', { status: 502, body: '<h1>Bad gateway</h1>' }, /warning/, /sign in/]
]
for (const [label, answer, verdict, change] of tokenAnswers) {
  t.test(`understands the token endpoint: ${label}`, async t => {
    const row = await look({ ...alone, IDP_ISSUER: await startProvider(t, {}, { '/token': answer }) }, 'client credentials')
    t.match(row, { verdict, change })
  })
}

const silent: [string, string, RegExp][] = [
  ['error=login_required', 'ok', /without a page: login_required$/],
  ['error=interaction_required', 'ok', /interaction_required$/],
  ['error=consent_required', 'ok', /consent_required$/],
  ['error=account_selection_required', 'ok', /account_selection_required$/],
  ['error=invalid_request', 'problem', /not with one of the errors that say why: invalid_request/],
  ['error=unauthorized_client&error_description=No%20such%20prompt', 'problem', /unauthorized_client.*No such prompt/],
  ['error=server_error', 'problem', /server_error/],
  ['state=x', 'problem', /neither code nor error/],
  ['code=anybodys', 'warning', /a code, though nobody is signed in/]
]
for (const [answer, verdict, seen] of silent) {
  t.test(`says of ${answer} whether it is a sign-in without a page`, async t => {
    const location = `http://app.localhost:${alone.APP_PORT}/messenger/callback?${answer}`
    const issuer = await startProvider(t, {}, { '/authorize': { status: 303, headers: { location } } })
    t.match(await look({ ...alone, IDP_ISSUER: issuer }, 'sign-in without a page'), { verdict, seen })
  })
}

/** A provider that knows a client by what stands in its Basic header, read in this way. */
const startReading = (t: Test, read: (text: string) => string) => serve(t, url => ({ url: path, headers }, response) => {
  const isKnown = read(Buffer.from(headers.authorization?.split(' ')[1] ?? '', 'base64').toString()) === `relying-party:${secret}`
  const answer = path === '/token'
    ? { error: isKnown ? 'invalid_grant' : 'invalid_client' }
    : { issuer: url, authorization_endpoint: `${url}/authorize`, token_endpoint: `${url}/token`, jwks_uri: `${url}/jwks` }
  response.writeHead(path === '/token' ? 400 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
})
const secret = 'secret.with-characters_that~are encoded'

t.test('says that a provider does not decode the client_id with a hyphen, and what helps', async t => {
  const seen = (settings: Record<string, string>) => look({ ...alone, ...settings }, 'client credentials')
  t.match(await seen({ OIDC_CLIENT_SECRET: secret, IDP_ISSUER: await startReading(t, text => text) }), {
    verdict: 'problem',
    seen: 'relying-party is refused by client_secret_basic as RFC 6749 2.3.1 encodes it, relying%2Dparty, and accepted as it is',
    change: /^set OIDC_CLIENT_AUTH=client_secret_post/
  })
  const decode = (text: string) => decodeURIComponent(text.replaceAll('+', ' '))
  t.match(await seen({ OIDC_CLIENT_SECRET: secret, IDP_ISSUER: await startReading(t, decode) }), { verdict: 'ok' })
  t.match(await seen({ IDP_ISSUER: await startReading(t, decode) }), { verdict: 'problem', seen: /refused by client_secret_basic: 400 invalid_client/ })
})

t.test('knows the lab where its names are none of *.localhost', async t => {
  const issuer = new URL(await startProvider(t, {}, { '/authorize': { status: 400, body: 'Invalid redirect_uri' } }))
  const settings = { ...alone, LOCALHOST_SUBDOMAINS: 'off', IDP_PORT: issuer.port }
  t.match((await look(settings, 'redirect URI'))?.change, /^register http:\/\/localhost:2\/callback, .*: redirect_uris in services\/idp\/clients\.yaml$/)
  const foreign = await look({ ...alone, IDP_ISSUER: issuer.origin }, 'redirect URI')
  t.match(foreign?.change, /Okta: /, 'and no other provider for it')
})

t.test('shows no secret, even where the provider does', async t => {
  const secret = 'a-secret-for-this-test-alone'
  const body = { error: 'invalid_client', error_description: `${secret} is wrong` }
  const issuer = await startProvider(t, {}, { '/token': { status: 401, body } })
  const row = await look({ ...alone, IDP_ISSUER: issuer, OIDC_CLIENT_SECRET: secret }, 'client credentials')
  t.match(row, { verdict: 'problem', seen: /invalid_client: … is wrong/ })
  t.notMatch(JSON.stringify(row), secret)
})

t.test('says of sign-out what cannot be told, and does not blame the setting', async t => {
  const seen = async (answer: { status?: number, body: string }) => {
    const pages = await startAnswering(t, () => ({ '/end': answer }))
    const issuer = await startProvider(t, { end_session_endpoint: `${pages}/end` })
    return look({ ...alone, IDP_ISSUER: issuer }, 'post-logout redirect URI')
  }
  t.match(await seen({ body: 'You have signed out' }), {
    verdict: 'warning', seen: /the same page for an address that nobody has registered/
  })
  t.match(await seen({ status: 400, body: 'id_token_hint is missing' }), {
    verdict: 'warning', seen: /could not be told without an ID token/
  })
  t.match(await seen({ status: 400, body: 'Invalid redirect uri' }), { verdict: 'problem' })
  t.match(await seen({ status: 503, body: 'Down' }), { verdict: 'warning' })
  t.match(await look({ ...alone, IDP_ISSUER: await startProvider(t) }, 'post-logout redirect URI'), {
    verdict: 'skipped'
  })
})

const key = '0123456789abcdef'.repeat(4)

t.test('names every setting that is missing or malformed, and compares nothing then', async t => {
  const rows = await rowsOf({ ...alone, SESSION_KEY: 'short', OIDC_CLIENT_ID: '' })
  t.equal(rows.get('well-formed')?.verdict, 'problem')
  t.match(rows.get('well-formed')?.seen, 'SESSION_KEY: is malformed; it must be 32 bytes as 64 hexadecimal digits')
  t.match(rows.get('well-formed')?.seen, 'OIDC_CLIENT_ID: is missing')
  t.same(namesOf(rows, 'skipped'), ['everything else'])
  t.equal(rows.size, 2)
})

t.test('says what a file of further providers lacks', async t => {
  const folder = t.testdir({ 'providers.yaml': '- name: other\n' })
  const rows = await rowsOf({ ...alone, OIDC_PROVIDERS_FILE: `${folder}/providers.yaml` })
  t.equal(rows.get('well-formed')?.verdict, 'problem')
  t.match(rows.get('well-formed')?.seen, 'providers.yaml')
})

t.test('finds what is public in services/lab.env, where the application is not on this machine', async t => {
  const row = await look({ ...alone, APP_URL: 'https://app.invalid' }, 'no secrets of the lab')
  t.equal(row?.verdict, 'problem')
  t.match(row?.change, /SESSION_KEY.*OIDC_CLIENT_SECRET.*LAB=true/)
  t.notMatch(row?.seen, 'lab-only')

  const others = { SESSION_KEY: key, OIDC_CLIENT_SECRET: 'a-secret-for-this-test-alone', LAB: 'false' }
  t.equal((await look({ ...alone, APP_URL: 'https://app.invalid', ...others }, 'no secrets of the lab'))?.verdict, 'ok')
  t.equal((await look(alone, 'no secrets of the lab'))?.verdict, 'ok', 'on this machine they are good enough')
})

t.test('wants https of whatever is not on this machine', async t => {
  const settings = { ...alone, APP_URL: 'http://app.invalid', IDP_ISSUER: 'http://idp.invalid', GENESYS_URL: 'https://genesys.invalid' }
  t.match(await look(settings, 'https'), {
    verdict: 'problem', seen: 'by http and not on this machine: APP_URL=http://app.invalid, IDP_ISSUER=http://idp.invalid'
  })
  t.equal((await look(alone, 'https'))?.verdict, 'ok')
})

t.test('says that something else answers at APP_URL', async t => {
  const app = await startAnswering(t, () => ({ '/livez': { body: '<h1>Welcome to the proxy</h1>' } }))
  const rows = await rowsOf({ ...alone, APP_URL: app })
  t.match(rows.get('answers'), {
    verdict: 'problem', seen: /something else answers .*“Welcome to the proxy”/, change: /correct APP_URL/
  })
  t.match(rows.get('provider, seen from inside'), { verdict: 'skipped' })
})

t.test('behind TLS wants Secure cookies of this host alone, HSTS, and a word about the proxy', async t => {
  const diagnose = async (headers: Record<string, string | string[]>, settings: Record<string, string> = {}) => {
    const app = await startTlsServer(t, ({ url }, response) => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      if (url === '/login') response.writeHead(303, { location: 'https://idp.example/auth?client_id=relying-party' })
      response.end(JSON.stringify({ status: url === '/readyz' ? 'ready' : 'up' }))
    })
    const config = loadRelyingPartyConfig(labSettings({ APP_URL: app, ...settings }))
    const peer = new Peer({ caSetting: 'NODE_EXTRA_CA_CERTS', ca: authority, deadline: AbortSignal.timeout(60_000) })
    const rows = await diagnoseRelyingParty({ config, metadata: undefined, peer })
    return new Map(rows.map(row => [row.name, row]))
  }

  const bad = await diagnose({ 'set-cookie': 'attempt.x=1; Path=/; HttpOnly; SameSite=Lax' })
  t.match(bad.get('cookies'), { verdict: 'problem', seen: 'a cookie lacks secure' })
  t.match(bad.get('HSTS'), { verdict: 'warning' })
  t.match(bad.get('proxies'), { verdict: 'warning', change: /^set it to the addresses of the proxy/ })
  t.match(bad.get('runs with these settings'), { verdict: 'problem', seen: /redirect_uri is not there/ })

  const unprefixed = await diagnose({ 'set-cookie': 'attempt.x=1; Path=/; HttpOnly; Secure; SameSite=Lax' })
  t.match(unprefixed.get('cookies'), { verdict: 'problem', seen: /without the prefix __Host-/ })

  const good = await diagnose({
    'set-cookie': ['__Host-attempt.x=1; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=3600'],
    'strict-transport-security': 'max-age=31536000'
  }, { TRUSTED_PROXIES: '10.0.0.0/8' })
  t.match(good.get('cookies'), { verdict: 'ok', seen: 'path=/, httponly, secure, samesite=lax' })
  t.match(good.get('HSTS'), { verdict: 'ok', seen: 'max-age=31536000' })
  t.match(good.get('proxies'), { verdict: 'ok', seen: 'TRUSTED_PROXIES=10.0.0.0/8' })
})

t.test('wants the deployment to be switched on, and warns where it is open to all', async t => {
  const base = '/webdeployments/v1/deployments/of-a-test'
  const start = (config: object, domains: object) => startAnswering(t, () => ({
    [`${base}/config.json`]: { body: config }, [`${base}/domains.json`]: { body: domains }
  }))
  const url = await start({ status: 'Inactive' }, { allowAllDomains: true, allowedDomains: [] })
  const rows = await rowsOf({ ...alone, GENESYS_URL: url, GENESYS_DEPLOYMENT_ID: 'of-a-test' })
  t.match(rows.get('deployment'), { verdict: 'problem', seen: 'of-a-test is Inactive' })
  t.match(rows.get('domain of the page'), { verdict: 'warning', seen: /allows all domains/ })
  t.match(rows.get('stand-in for Genesys'), { verdict: 'problem', seen: /not ready, 404/ })
})

t.test('compares the script, the region and the origins', async t => {
  const seen = (changes: Record<string, string>, name: string) => look({ ...alone, ...changes }, name)
  const script = { GENESYS_SCRIPT_URL: 'https://apps.mypurecloud.ie/genesys-bootstrap/genesys.min.js' }
  t.match(await seen(script, 'region'), { verdict: 'ok', seen: 'prod-euw1 is mypurecloud.ie' })
  t.match(await seen({ ...script, GENESYS_ENVIRONMENT: 'euw2' }, 'region'), {
    verdict: 'problem',
    seen: /is from mypurecloud\.ie, GENESYS_ENVIRONMENT=euw2 is euw2\.pure\.cloud/,
    change: /set GENESYS_ENVIRONMENT=prod-euw1/
  })
  t.match(await seen({ ...script, GENESYS_ENVIRONMENT: 'prod-xyz' }, 'region'), {
    verdict: 'problem', seen: /none that is known here/
  })
  t.match(await seen({ ...script, GENESYS_ORIGINS: 'https://apps.mypurecloud.ie' }, 'origins that the page allows'), {
    verdict: 'problem',
    seen: 'GENESYS_ORIGINS lacks https://api.mypurecloud.ie, https://api-cdn.mypurecloud.ie, wss://webmessaging.mypurecloud.ie'
  })
  for (const [domain, verdict] of [['mypurecloud.ie', 'ok'], ['mypurecloud.de', 'problem']]) {
    const GENESYS_ORIGINS = `https://*.${domain} wss://*.mypurecloud.ie`
    t.match(await seen({ ...script, GENESYS_ORIGINS }, 'origins that the page allows'), { verdict })
  }
  t.match(await seen({ GENESYS_ORIGINS: 'https://other.example' }, 'origins that the page allows'), {
    verdict: 'problem', seen: 'GENESYS_ORIGINS lacks http://genesys.localhost:2'
  })
})

t.test('knows the regions by the names that the snippet takes', async t => {
  t.equal(domainOf('prod'), 'mypurecloud.com')
  t.equal(domainOf('use1'), 'mypurecloud.com')
  t.equal(domainOf('EUC1'), 'mypurecloud.de')
  t.equal(domainOf('fedramp-use2-core'), 'use2.us-gov-pure.cloud')
  t.equal(domainOf('nowhere'), undefined)
  t.equal(genesysDomain('apps.mypurecloud.com.au'), 'mypurecloud.com.au')
  t.equal(genesysDomain('apps.notmypurecloud.com'), undefined)
  t.equal(environmentOf('mypurecloud.com.au'), 'prod-apse2')
  t.same(originsOf('usw2.pure.cloud').at(-1), 'wss://webmessaging.usw2.pure.cloud')
})

t.test('quotes on one line, without what a terminal would take for a command, and not at length', async t => {
  t.equal(quote('red \x1b[31m\n\nalert\x07\u202e'), 'red [31m alert')
  t.equal(quote('x'.repeat(50), 10), `${'x'.repeat(9)}…`)
})

t.test('takes the words out of a page', async t => {
  t.equal(wordsOf('<head><title>T</title></head><!-- no --><h1>It&#39;s <b>gone</b></h1><script>code()</script>'), "It's gone")
  t.equal(wordsOf('<script>$Config={"x":"AADSTS50011: The redirect URI"};</script>'), 'AADSTS50011: The redirect URI')
})

t.test('reads JSON objects, and nothing else', async t => {
  t.same(objectIn('{"a":1}'), { a: 1 })
  for (const text of ['[]', 'null', '"x"', '<p>']) t.equal(objectIn(text), undefined, text)
})

const fields: [string, RegExp][] = [
  ['http://idp.localhost:3001', /clients\.yaml/],
  ['http://idp.localhost:3001/realms/one', /clients\.yaml/],
  ['https://shop.okta.com/oauth2/default', /^Applications .* Sign-in redirect URIs$/],
  ['https://shop.eu.auth0.com/', /Allowed Callback URLs$/],
  ['http://localhost:8080/realms/shop', /Valid redirect URIs$/],
  ['https://login.microsoftonline.com/8f5a/v2.0', /^App registrations/],
  ['https://login.shop.example', /^Okta: .*; Auth0: .*; Keycloak: .*; Entra ID: /]
]
for (const [issuer, field] of fields) {
  t.test(`says where the redirect URIs of ${issuer} are entered`, async t => {
    t.match(fieldAt({ config: { issuer } }, 'redirect URI'), field)
  })
}
