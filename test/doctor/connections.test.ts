import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { explainFailure } from '../../scripts/doctor/connection-failures.ts'
import { anotherAuthority, authority, startTlsServer } from '../lib/tls.ts'
import { serve } from '../strictness/providers.ts'
import { alone, diagnose, startProvider } from './helper.ts'

const discovery = 'discovery document'

t.test('says that nobody listens, and skips what needs the document', async t => {
  const rows = await diagnose(alone)
  t.match(rows.get(discovery), {
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

t.test('gives up on servers that never answer, and says so', async t => {
  const silent = await serve(t, () => () => {})
  const rows = await diagnose({ IDP_ISSUER: silent, APP_URL: silent, GENESYS_URL: silent })
  for (const name of [discovery, 'answers', 'script', 'deployment']) {
    t.match(rows.get(name), { verdict: 'problem', seen: /did not answer within five seconds/ }, name)
  }
})

t.test('gives up on what a provider never answers, and still looks at the rest', async t => {
  const silent = await serve(t, () => () => {})
  const issuer = await startProvider(t, {
    authorization_endpoint: `${silent}/authorize`,
    token_endpoint: `${silent}/token`,
    jwks_uri: `${silent}/jwks`,
    end_session_endpoint: `${silent}/end`,
    pushed_authorization_request_endpoint: `${silent}/par`
  })
  const rows = await diagnose({ ...alone, IDP_ISSUER: issuer })
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
  const rows = await diagnose({ ...alone, IDP_ISSUER: `http://localhost:${(server.address() as AddressInfo).port}` })
  t.match(rows.get(discovery), { verdict: 'problem', seen: /closed the connection without an answer/ })
})

t.test('looks at certificates as the relying party does', async t => {
  const origin = await startTlsServer(t, ({ headers }, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ issuer: `https://${headers.host}` }))
  })
  const files = t.testdir({ 'authority.pem': authority, 'another.pem': anotherAuthority })
  const ask = async (issuer: string, ca: string) =>
    (await diagnose({ ...alone, IDP_ISSUER: issuer, OIDC_CA_FILE: ca })).get(discovery)

  t.match(await ask(origin, ''), {
    verdict: 'problem',
    seen: /certificate of .* is by an authority that is not known here/,
    change: /^set OIDC_CA_FILE to a PEM file/
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
  const rows = await diagnose({ ...alone, IDP_ISSUER: plain.replace('http:', 'https:') })
  t.match(rows.get(discovery), { verdict: 'problem', seen: /does not speak TLS as it should/ })
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
