import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { Browser } from '../../scripts/strictness/client/form-browser.ts'
import { readOptions, type Options } from '../../scripts/strictness/strictness-options.ts'
import { probes } from '../../scripts/strictness/probes/all-probes.ts'
import type { Identity } from '../../scripts/strictness/client/probing-client.ts'
import { probeProvider, type Row } from '../../scripts/strictness/probe-provider.ts'
import { freePorts } from '../helpers/lab.ts'
import { startIdp } from '../idp/helper.ts'
import { probe, registered, serve, startBareProvider, startCarelessProvider, startMockServer } from './providers.ts'

/** The compared rows, with what oauth2-mock-server 9.3.0 and bare oidc-provider 9.13.3 do. */
const compared: [string, Row['verdict'], Row['verdict']][] = [
  ['unregistered redirect_uri refused', 'no', 'yes'],
  ['unknown client_id refused', 'no', 'yes'],
  ['wrong client secret refused', 'no', 'yes'],
  ['token call without code_verifier refused', 'no', 'yes'],
  ['wrong code_verifier refused', 'yes', 'yes'],
  ['redirect_uri mismatch at the token endpoint refused', 'no', 'yes'],
  ['code replay refused', 'yes', 'yes'],
  ['prompt=none without a session: login_required', 'no', 'yes'],
  ['userinfo with a garbage token: 401 and a challenge', 'no', 'yes'],
  ['nonce echoed in the ID token', 'yes', 'yes'],
  ['iss in the authorization response', 'no', 'yes'],
  ['request without PKCE refused by default', 'no', 'no'],
  ['ID token has at_hash', 'no', 'no'],
  ['ID token has sid', 'no', 'no'],
  ['standard scope profile granted', 'no', 'no'],
  ['id_token_hint of another person: no code', 'not applicable', 'no']
]

t.test('puts the compared rows first, and each probe says what it sends and where the answer is specified', async t => {
  t.same(probes.filter(probe => probe.compared).map(({ name }) => name), compared.map(([name]) => name))
  t.same(probes.slice(0, compared.length).map(({ name }) => name), compared.map(([name]) => name))
  t.equal(new Set(probes.map(({ name }) => name)).size, probes.length, 'no name twice')
  for (const { name, sends, demand, specification } of probes) {
    t.ok(sends && demand, name)
    t.match(specification, /^https:\/\/(www\.rfc-editor\.org\/rfc\/rfc\d+#section-|openid\.net\/specs\/.+#)/, name)
  }
})

t.test('says of oauth2-mock-server what it lets pass', async t => {
  const rows = await probe(await startMockServer(t))
  for (const [name, verdict] of compared) t.equal(rows.get(name)?.verdict, verdict, name)
  t.equal(rows.get('unregistered redirect_uri refused')?.seen, 'redirect with a code')
  t.equal(rows.get('prompt=none without a session: login_required')?.seen, 'code issued')
  t.equal(rows.get('userinfo with a garbage token: 401 and a challenge')?.seen, '200, no challenge')
  t.equal(rows.get('sign-in page not to be framed')?.verdict, 'not applicable', 'it signs in by itself')
  t.equal(rows.get('id_token_hint of another person: no code')?.seen, 'one person, whoever signs in')
})

t.test('says of bare oidc-provider what is off by default', async t => {
  const rows = await probe(await startBareProvider(t))
  for (const [name, , verdict] of compared) t.equal(rows.get(name)?.verdict, verdict, name)
  t.equal(rows.get('request without PKCE refused by default')?.seen, 'code issued')
  t.equal(rows.get('request without redirect_uri refused')?.verdict, 'no')
  t.equal(rows.get('id_token_hint of another person: no code')?.seen, 'code issued')
})

t.test('says yes to oidc-provider where that is configured to require PKCE', async t => {
  const configuration = { pkce: { required: () => true }, allowOmittingSingleRegisteredRedirectUri: false }
  const rows = await probe(await startBareProvider(t, configuration))
  t.match(rows.get('request without PKCE refused by default'), { verdict: 'yes', seen: 'redirect with invalid_request' })
  t.equal(rows.get('request without redirect_uri refused')?.verdict, 'yes')
})

t.test('says of what it cannot see that it is not applicable', async t => {
  const rows = await probe(await startMockServer(t), { clientSecret: undefined, second: undefined, secondUser: undefined })
  const of = (name: string) => ({ verdict: rows.get(name)?.verdict, seen: rows.get(name)?.seen })
  const verdict = 'not applicable'
  t.same(of('wrong client secret refused'), { verdict, seen: 'public client, no --client-secret' })
  t.same(of('wrong client secret: 401, invalid_client and a challenge'), { verdict, seen: 'public client, no --client-secret' })
  t.same(of('code of another client refused'), { verdict, seen: 'no --second-client-id' })
  t.same(of('sign-in page not to be framed'), { verdict, seen: 'no sign-in page' })
  t.same(of('id_token_hint of another person: no code'), { verdict, seen: 'no --second-username' })
})

t.test('authenticates in the form where the provider takes no header, and needs a second client that is known', async t => {
  const url = await startBareProvider(t, {
    clientAuthMethods: ['client_secret_post'],
    clients: [{ ...registered, token_endpoint_auth_method: 'client_secret_post' }]
  })
  const rows = await probe(url)
  const wrongSecret = rows.get('wrong client secret: 401, invalid_client and a challenge')
  t.match(wrongSecret, { verdict: 'yes', seen: '401 invalid_client, no challenge' })
  t.match(rows.get('code of another client refused'), { verdict: 'not applicable', seen: 'the second client itself is refused' })
})

t.test('says no in every row of a provider that gets everything wrong', async t => {
  const rows = await probe(await startCarelessProvider(t))
  for (const { name } of probes) t.equal(rows.get(name)?.verdict, 'no', `${name}: ${rows.get(name)?.seen}`)
})

t.test('counts an answer of another issuer, another state or another session as wrong', async t => {
  const rows = await probe(await startMockServer(t, ({ service }) => {
    service.on('beforeAuthorizeRedirect', ({ url }: { url: URL }) => {
      url.searchParams.set('iss', 'https://other.example')
      url.searchParams.append('state', 'another')
    })
    service.on('beforeTokenSigning', ({ payload }: { payload: Record<string, unknown> }) => {
      Object.assign(payload, { at_hash: 'wrong', sid: '' })
    })
    return service.requestHandler
  }))
  t.match(rows.get('iss in the authorization response'), { verdict: 'no', seen: 'success: iss is https://other.example' })
  t.equal(rows.get('state returned with success and with an error')?.verdict, 'no')
  t.match(rows.get('ID token has at_hash'), { verdict: 'no', seen: 'a wrong at_hash' })
  t.equal(rows.get('ID token has sid')?.verdict, 'no')
})

/** A mock that answers itself where `answer` does, and is oauth2-mock-server elsewhere. */
const mockThat = (t: Test, answer: (path: string, parameters: URLSearchParams, response: ServerResponse, request: IncomingMessage) => unknown) =>
  startMockServer(t, ({ service }) => (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://mock')
    if (answer(pathname, searchParams, response, request) === undefined) service.requestHandler(request, response)
  })

const page = (response: ServerResponse, status: number, words: string) =>
  response.writeHead(status, { 'content-type': 'text/html' }).end(`<body>${words}</body>`)

const isGarbage = ({ headers }: IncomingMessage) => headers.authorization === 'Bearer garbage'

type WrongReason = [string, string, (t: Test) => Promise<string>, Row['verdict'], string]
const wrongReasons: WrongReason[] = [
  [
    'a challenge of another scheme', 'userinfo with a garbage token: 401 and a challenge',
    t => mockThat(t, (path, _parameters, response, request) => path === '/userinfo' && isGarbage(request)
      ? response.writeHead(401, { 'www-authenticate': 'Basic realm="Bearer x"' }).end()
      : undefined),
    'no', '401, challenge Basic'
  ],
  [
    'a Bearer challenge that is the second', 'userinfo without a token: 401 and a challenge',
    t => mockThat(t, (path, _parameters, response, request) => path === '/userinfo' && request.headers.authorization === undefined
      ? response.writeHead(401, { 'www-authenticate': 'DPoP algs="ES256, PS256", bearer' }).end()
      : undefined),
    'yes', '401, challenge DPoP, bearer'
  ],
  ...[['userinfo with a garbage token: 401 and a challenge'], ['userinfo without a token: 401 and a challenge']].map(([name]): WrongReason => [
    'userinfo that challenges whoever asks', name!,
    t => mockThat(t, (path, _parameters, response) => path === '/userinfo'
      ? response.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
      : undefined),
    'no', 'it does not take a good token either: 401'
  ]),
  [
    'an authorization endpoint that tells scripts nothing but an error', 'no CORS at the authorization endpoint',
    t => mockThat(t, (path, _parameters, response, request) => path === '/authorize' && request.headers.origin !== undefined
      ? page(response, 404, 'Not found')
      : undefined),
    'no', 'for another site: a right request is answered with 404'
  ],
  [
    'an authorization endpoint that scripts of the client alone may read', 'no CORS at the authorization endpoint',
    t => startBareProvider(t, {}, (response, request) => {
      if (request.headers.origin === 'http://app.localhost:3000') response.setHeader('access-control-allow-origin', '*')
    }),
    'no', 'for the client\'s own: Access-Control-Allow-Origin: *'
  ],
  ...([[404, 'neither signed out nor refused: 404'], [200, 'neither signed out nor refused: 200']] as const).map(([status, seen]): WrongReason => [
    `a sign-out endpoint that only answers ${status}`, 'unregistered post_logout_redirect_uri refused',
    t => mockThat(t, (path, _parameters, response) => path === '/endsession' ? page(response, status, 'Hello') : undefined),
    'no', seen
  ]),
  [
    'userinfo that takes no token at all', 'access token in the URL refused',
    t => mockThat(t, (path, _parameters, response) => path === '/userinfo' ? response.writeHead(401).end() : undefined),
    'no', 'it does not take the token in the header either: 401'
  ],
  [
    'a page that asks for something else', 'unknown client_id refused',
    t => mockThat(t, (path, parameters, response) => path === '/authorize' && parameters.get('client_id') !== 'client'
      ? page(response, 200, 'Welcome! Choose a language.')
      : undefined),
    'no', 'page of the provider without an error, 200'
  ],
  [
    'a page with 200 that says what is wrong', 'unknown client_id refused',
    t => mockThat(t, (path, parameters, response) => path === '/authorize' && parameters.get('client_id') !== 'client'
      ? page(response, 200, 'AADSTS700016: the application was not found')
      : undefined),
    'yes', 'page of the provider, 200'
  ],
  [
    'a provider that breaks without code_challenge', 'code_verifier without a code_challenge refused',
    t => mockThat(t, (path, parameters, response) => path === '/authorize' && !parameters.has('code_challenge')
      ? page(response, 500, 'Oops')
      : undefined),
    'no', 'breaks with 500'
  ],
  [
    'a state that comes back with a code where an error was due', 'state returned with success and with an error',
    startMockServer, 'no', 'error: a code in place of an error'
  ]
]
for (const [label, name, start, verdict, seen] of wrongReasons) {
  t.test(`says ${verdict} of ${label}`, async t => t.match((await probe(await start(t), {}, name)).get(name), { verdict, seen }))
}

const framed: [Record<string, string>, Row['verdict']][] = [
  [{ 'x-frame-options': 'ALLOWALL' }, 'no'],
  [{ 'x-frame-options': 'sameorigin' }, 'yes'],
  [{ 'x-frame-options': 'DENY', 'content-security-policy': "default-src 'self'; frame-ancestors *" }, 'no'],
  [{ 'content-security-policy': 'frame-ancestors https://*' }, 'no'],
  [{ 'content-security-policy': "frame-ancestors 'none'" }, 'yes']
]
t.test('goes by what browsers do with the headers about frames', async t => {
  for (const [headers, verdict] of framed) {
    const rows = await probe(await startBareProvider(t, {}, response => { response.setHeaders(new Headers(headers)) }), {}, 'sign-in page not to be framed')
    t.equal(rows.get('sign-in page not to be framed')?.verdict, verdict, JSON.stringify(headers))
  }
})

t.test('does not take it for a refusal when a provider breaks, or has had enough of requests', async t => {
  for (const status of [500, 429]) {
    const rows = await probe(await startMockServer(t, ({ service }) => (request, response) => {
      const isWrong = request.url?.includes('unregistered.example')
      return isWrong ? response.writeHead(status).end() : service.requestHandler(request, response)
    }))
    t.match(rows.get('unregistered redirect_uri refused'), { verdict: 'no', seen: `breaks with ${status}` })
  }
})

t.test('says that a probe could not be tried, and does not count it as passed', async t => {
  let signIns = 0
  const rows = await probe(await startMockServer(t, ({ service }) => (request, response) => {
    const isBroken = request.url?.startsWith('/authorize') && signIns++ > 0
    return isBroken ? response.destroy() : service.requestHandler(request, response)
  }))
  const { verdict, seen } = rows.get('code replay refused')!
  t.equal(verdict, 'no')
  t.match(seen, 'could not be tried: fetch failed')
})

function startUnderAnotherName (t: Test): Promise<string> {
  return startMockServer(t, ({ issuer, service }) => {
    issuer.url = 'https://other.example'
    return service.requestHandler
  })
}

const startNothing = async () => `http://localhost:${(await freePorts()).IDP_PORT}`

const unprobeable: [string, (t: Test) => Promise<string>, Partial<Identity>, RegExp][] = [
  ['a client that it does not know', startBareProvider, { clientId: 'nobody' }, /even what is right.*on a page, status 400/],
  ['a wrong client secret', startBareProvider, { clientSecret: 'not-of-this-client' }, /even what is right.*401 invalid_client/],
  ['another issuer than its metadata names', startUnderAnotherName, {}, /its metadata names https:\/\/other\.example as/],
  ['an address where nothing answers', startNothing, {}, /is no OpenID Provider that can be reached: .*ECONNREFUSED/]
]
for (const [label, start, changes, message] of unprobeable) {
  t.test(`does not probe a provider by ${label}, as its refusals would prove nothing`, async t => {
    await t.rejects(probe(await start(t), changes), { name: 'NotProbeableError', message })
  })
}

t.test('refuses what a strict provider refuses, and answers as one answers, in every row of the table', async t => {
  const { issuer, identity } = await listen(t)
  const rows = await probeProvider(issuer, identity)
  t.same(rows.map(({ name }) => name), probes.map(({ name }) => name))
  for (const { name, verdict, seen } of rows) t.equal(verdict, 'yes', `${name}: ${seen}`)
})

t.test('is not probed by a user whom it does not let in', async t => {
  const { issuer, identity } = await listen(t)
  const [wrong, none] = [{ ...identity, password: 'not-hers' }, { ...identity, username: undefined }]
  await t.rejects(probeProvider(issuer, wrong), { message: 'does not let alice in with this password' })
  await t.rejects(probeProvider(issuer, none), { message: 'give --username and --password' })
})

/** The provider on a port, and what the command takes for it without an option. */
async function listen (t: Test): Promise<Options> {
  const ports = await freePorts()
  const { app, config } = await startIdp(t, ports)
  await app.listen({ host: config.host, port: config.port })
  return readOptions([config.issuer], ports)
}

const client = 'https://app.example/callback'

/** A provider that answers a path with a page, or with a redirect, and what forms it was sent. */
async function startPages (t: Test, pages: Record<string, string>) {
  const sent: string[] = []
  const url = await serve(t, () => async (request, response) => {
    if (request.method === 'POST') sent.push(`${request.url} ${await text(request)}`)
    const page = pages[request.url ?? '']
    if (page?.startsWith('http')) response.writeHead(303, { location: page }).end()
    else response.writeHead(page === undefined ? 404 : 200, { 'content-type': 'text/html' }).end(page)
  })
  return { url, sent }
}

const browse = (user: { username?: string, password?: string } = { username: 'ann', password: 'secret' }) =>
  new Browser(user, url => url.href.startsWith(client))

t.test('signs in on two pages, agrees where a cancel comes first, and sends on what a script would have sent', async t => {
  const { url, sent } = await startPages(t, {
    '/start': '<form method="post" action="/name"><input name="csrf" type="hidden" value="1">' +
      '<input type="email" name="identifier"><button>Next</button></form>',
    '/name': '<form action="/search"><input name="q"></form>' +
      '<form method="post" action="/password"><input type="password" name="pw"><button>Sign in</button></form>',
    '/password': '<form method="post" action="/no"><button>Cancel</button></form>' +
      '<form id="f" method="post" action="/yes"></form>' +
      '<button form="f" name="agree" value="no">Do not allow</button><button form="f" name="agree" value="yes">Allow</button>',
    '/yes': '<form method="post" action="/on"><input type="hidden" name="step" value="2"></form>',
    '/on': `${client}?code=x`
  })
  const browser = browse()
  const { left } = await browser.open(`${url}/start`)
  t.same(sent, ['/name csrf=1&identifier=ann', '/password pw=secret', '/yes agree=yes', '/on step=2'])
  t.equal(left?.href, `${client}?code=x`)
  t.same(browser.signInPages.map(page => page.url), [`${url}/name`])
  t.same(browser.redirectsAfterForms, [303])
})

t.test('stays on a page that leads no further, or from which one can only go back', async t => {
  const { url, sent } = await startPages(t, {
    '/plain': '<p>This is all.</p>', '/back': '<form method="post" action="/no"><button>Go back</button></form>'
  })
  for (const path of ['/plain', '/back', '/missing']) {
    const { left, page } = await browse().open(url + path)
    t.equal(left, undefined)
    t.equal(page.status, path === '/missing' ? 404 : 200)
  }
  t.same(sent, [])
})

t.test('types a password once, and none that it does not have', async t => {
  const form = '<form method="post" action="/start"><input name="login"><input type="password" name="pw"></form>'
  const { url, sent } = await startPages(t, { '/start': form })
  await t.rejects(browse().open(`${url}/start`), { name: 'SignInError', message: 'does not let ann in with this password' })
  t.same(sent, ['/start login=ann&pw=secret'])
  await t.rejects(browse({}).open(`${url}/start`), { name: 'SignInError', message: 'give --username and --password' })
  t.equal(sent.length, 1)
})

t.test('gives up on a way without an end', async t => {
  const pages: Record<string, string> = {}
  const { url } = await startPages(t, pages)
  pages['/loop'] = `${url}/loop`
  await t.rejects(browse().open(`${url}/loop`), { message: 'no end after 30 pages and redirects, the last of them at http' })
})
