// What is between the relying party and others: who sends people, a proxy, a provider that we did not write.
import { randomUUID } from 'node:crypto'
import { request as send, type RequestListener } from 'node:http'
import { OAuth2Server } from 'oauth2-mock-server'
import t, { type Test } from 'tap'
import { endlessJson } from '../../helpers/endless-json.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { until } from '../../helpers/until.ts'
import { authority, startTlsServer } from '../../lib/tls.ts'
import { listen, startBareProvider } from './bare-provider.ts'
import { Person } from './person.ts'
import { freeAddresses, type FreeAddresses, startRelyingParty } from './relying-party.ts'

// https://openid.net/specs/openid-connect-core-1_0.html#ThirdPartyInitiatedLogin
const addresses = await freeAddresses()
const provider = await startBareProvider(t, addresses)
const { origin } = await startRelyingParty(t, addresses, { SIGN_IN_RATE_LIMIT: '1000' })

/** Somebody of whom the provider has not heard yet, nor of anybody else. */
function somebody (): Person {
  provider.received.length = 0
  return new Person(origin)
}

const ways = {
  GET: (person: Person, parameters: Record<string, string>) => person.open(`/login/initiate?${new URLSearchParams(parameters)}`),
  POST: (person: Person, parameters: Record<string, string>) =>
    person.open('/login/initiate', { form: parameters })
}

for (const [method, initiate] of Object.entries(ways)) {
  t.test(`signs in whom a third party sends by ${method}, and goes on to where it says`, async t => {
    const person = somebody()
    const page = await initiate(person, {
      iss: provider.issuer, login_hint: 'ada@example.com', target_link_uri: `${origin}/?from=portal#tours`
    })
    t.equal(page.url, `${origin}/?from=portal#tours`, page.$('dl').text())
    t.match(await person.session(), { authenticated: true, user: { sub: 'ada' } })
    const [request] = provider.at('/auth')
    t.match(request?.understood, { client_id: 'relying-party', login_hint: 'ada@example.com', code_challenge_method: 'S256' })
    t.ok(request?.understood['state'] && request.understood['nonce'], 'it is a sign-in of our own like any other')
  })

  t.test(`goes home after a sign-in by ${method} that names no target`, async t => {
    const person = somebody()
    t.equal((await initiate(person, { iss: provider.issuer })).url, `${origin}/`)
    t.match(await person.session(), { authenticated: true })
  })

  const elsewhere: [string, (origin: string) => string][] = [
    ['to another site', () => 'https://evil.example/'],
    ['to a host that begins like ours', origin => `${origin}.evil.example/`],
    ['to a host that hides behind a name', origin => `${origin}@evil.example/`],
    ['to a script', () => 'javascript:alert(1)'],
    ['into the flow itself', origin => `${origin}/logout`]
  ]
  const refused: [string, (origin: string, issuer: string) => Record<string, string>, string][] = [
    ['names an issuer that is not ours', () => ({ iss: 'https://evil.example' }), 'unknown_issuer'],
    ['names an issuer that only looks like ours', (_origin, issuer) => ({ iss: `${issuer}.evil.example` }), 'unknown_issuer'],
    ['names no issuer', () => ({ login_hint: 'ada' }), 'malformed'],
    ['has a hint that is longer than a name', (_origin, iss) => ({ iss, login_hint: 'a'.repeat(501) }), 'malformed'],
    ...elsewhere.map(([where, target]): typeof refused[number] => [
      `wants to go on ${where}`, (origin, iss) => ({ iss, target_link_uri: target(origin) }), 'return_to_refused'
    ])
  ]
  for (const [label, parameters, error] of refused) {
    t.test(`sends nobody to the provider when a request by ${method} ${label}`, async t => {
      const person = somebody()
      const page = await initiate(person, parameters(origin, provider.issuer))
      t.equal(page.status, 400)
      t.equal(page.$('dl code').text(), error)
      t.same(provider.at('/auth'), [])
      t.equal(await person.cookieHeader(), '')
    })
  }
}

t.test('a callback that waits for the provider when the service is to end still signs in', async t => {
  const addresses = await freeAddresses()
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<void>()
  await startBareProvider(t, addresses, {
    prepare: provider => provider.use(async (ctx, next) => {
      if (ctx.path === '/token') {
        asked.resolve()
        await answer.promise
      }
      await next()
    })
  })
  const settings = { STATE_DIR: temporaryFolder(t) }
  const { app, origin } = await startRelyingParty(t, addresses, settings)
  const person = new Person(origin)
  // The way leads on from the callback, where nobody answers any more.
  const way = person.signIn().catch(() => {})
  await asked.promise
  const closing = app.close()
  answer.resolve()
  await Promise.all([closing, way])

  await startRelyingParty(t, addresses, settings)
  t.match(await person.session(), { authenticated: true, user: { sub: 'ada' } })
})

for (const endpoint of ['/.well-known/openid-configuration', '/jwks', '/token', '/me']) {
  t.test(`a provider whose answer at ${endpoint} has no end is not read for ever`, async t => {
    const addresses = await freeAddresses()
    const answer = endlessJson()
    await startBareProvider(t, addresses, {
      prepare: provider => {
        // It would print that its answer was cut off.
        provider.silent = true
        provider.use(async (ctx, next) => {
          await next()
          if (ctx.path === endpoint) ctx.body = answer.stream
        })
      }
    })
    const { origin } = await startRelyingParty(t, addresses)
    const page = await new Person(origin).signIn()
    t.ok(page.url.startsWith(origin) && page.status >= 400 && page.$('h1').length === 1, `${page.status} ${page.url}`)
    await until('nobody reads on', () => answer.stream.destroyed)
    t.ok(answer.bytes() < 16 * 1024 * 1024, `${answer.bytes()} bytes`)
  })
}

type Prepare = (server: OAuth2Server) => void

/**
 * oauth2-mock-server as it comes: a provider that we did not write, where everybody is johndoe.
 *
 * It takes the `client_id` of a Basic header as it is, though that is form-encoded (`relying%2Dparty`), and makes it the
 * audience: so to it the credentials go in the form. https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
 */
async function startMock (t: Test, { ports, idp }: FreeAddresses, prepare: Prepare = () => {}) {
  const server = new OAuth2Server()
  await server.issuer.keys.generate('RS256')
  server.issuer.url = idp
  prepare(server)
  await listen(t, Number(ports.IDP_PORT), server.service.requestHandler)
}

async function startWithMock (t: Test, prepare?: Prepare) {
  const addresses = await freeAddresses()
  await startMock(t, addresses, prepare)
  return { ...await startRelyingParty(t, addresses, { OIDC_CLIENT_AUTH: 'client_secret_post' }), idp: addresses.idp }
}

t.test('signs in with oauth2-mock-server by settings alone, and asks it for the profile', async t => {
  const { origin, idp } = await startWithMock(t)
  const person = new Person(origin)
  const page = await person.signIn()
  t.equal(page.url, `${origin}/`, page.$('dl').text())
  t.equal(page.status, 200)
  t.match(await person.session(), { authenticated: true, user: { sub: 'johndoe' } })
  t.same(await person.profile(), { status: 200, body: { sub: 'johndoe' } })
  await person.fetchCode()
  t.equal(person.visited.filter(url => url.startsWith(`${idp}/authorize`)).length, 2, 'one code for us, one for the Messenger')
})

t.test('signs out there too, and comes home', async t => {
  const { origin, idp } = await startWithMock(t)
  const person = new Person(origin)
  await person.signIn()
  const page = await person.signOut()
  t.equal(page.url, `${origin}/`)
  const asked = new URL(person.visited.find(url => url.startsWith(`${idp}/endsession`))!)
  t.equal(asked.searchParams.get('post_logout_redirect_uri'), `${origin}/logout/callback`)
  t.ok(asked.searchParams.get('id_token_hint'))
  t.match(await person.session(), { authenticated: false })
})

t.test('refreshes with it when the access token has run out, and uses the new one', async t => {
  const grants: string[] = []
  const presented = new Set<string>()
  const { origin } = await startWithMock(t, ({ service }) => {
    service.on('beforeResponse', (response, request) => {
      grants.push(request.body.grant_type)
      if (request.body.grant_type === 'authorization_code') Object.assign(response.body, { expires_in: 1 })
    })
    // Without it, two tokens of the same second are the same.
    service.on('beforeTokenSigning', ({ payload }) => { payload['jti'] = randomUUID() })
    service.on('beforeUserinfo', (_response, request) => { presented.add(request.headers.authorization ?? '') })
  })
  const person = new Person(origin)
  await person.signIn()
  t.match(await person.profile(), { status: 200, body: { sub: 'johndoe' } })
  t.same(grants, ['authorization_code', 'refresh_token'])
  t.equal(presented.size, 2, 'userinfo got another access token than at the sign-in')
})

t.test('signs in with it beside another provider, each by its name', async t => {
  const [addresses, others] = [await freeAddresses(), await freeAddresses()]
  await startBareProvider(t, addresses)
  await startMock(t, others)
  const files = t.testdir({
    state: {},
    'providers.yaml': `
      - name: mock
        issuer: ${others.idp}
        client_id: of-the-mock
        client_secret: another-secret-for-this-test
        token_endpoint_auth_method: client_secret_post`
  })
  const { origin } = await startRelyingParty(t, addresses, {
    STATE_DIR: `${files}/state`, OIDC_PROVIDERS_FILE: `${files}/providers.yaml`
  })

  for (const [iss, sub] of [[others.idp, 'johndoe'], [addresses.idp, 'ada']] as const) {
    const person = new Person(origin)
    const page = await person.open(`/login?${new URLSearchParams({ iss })}`)
    t.equal(page.url, `${origin}/`, page.$('dl').text())
    t.match(await person.session(), { authenticated: true, user: { sub } })
    t.match(await person.profile(), { status: 200, body: { sub } })
    await person.signOut()
    t.ok(person.visited.some(url => url.startsWith(iss) && url.includes('post_logout_redirect_uri=')), 'and out there too')
  }
})

t.test('refuses what it can be told to get wrong, keeps nothing, and signs in again when it is right', async t => {
  let isWrong = true
  const { origin } = await startWithMock(t, ({ service }) => {
    service.on('beforeTokenSigning', ({ payload }) => {
      if (isWrong && 'nonce' in payload) payload['nonce'] = 'of-another-sign-in'
    })
  })
  const person = new Person(origin)
  const page = await person.signIn()
  t.equal(page.status, 400)
  t.equal(new URL(page.url).pathname, '/callback')
  t.match(await person.session(), { authenticated: false })
  isWrong = false
  await person.signIn()
  t.match(await person.session(), { authenticated: true })
})

interface Proxy {
  /** what the relying party is told as the host */
  host: (asked: string, upstream: string) => string
}

const keepsHost: Proxy = { host: asked => asked }
/** As nginx does it where nothing else is configured. */
const namesUpstream: Proxy = { host: (_asked, upstream) => upstream }

/** A proxy that ends TLS, and says in X-Forwarded-* whom it has asked for. A person's address is what X-Test-Address says. */
function forwardTo (port: string, { host }: Proxy): RequestListener {
  return (request, response) => {
    const { 'x-test-address': address = '127.0.0.1', ...headers } = request.headers
    const forwarded = [headers['x-forwarded-for'], address].flat().filter(Boolean).join(', ')
    const onwards = send({
      host: '127.0.0.1',
      port,
      method: request.method,
      path: request.url,
      headers: {
        ...headers,
        host: host(headers.host!, `127.0.0.1:${port}`),
        'x-forwarded-for': forwarded,
        'x-forwarded-proto': 'https',
        'x-forwarded-host': headers.host
      }
    }, answer => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    onwards.on('error', () => response.destroy())
    request.pipe(onwards)
  }
}

async function start (t: Test, settings: Record<string, string> = {}, proxy = keepsHost) {
  const addresses = await freeAddresses()
  const app = await startTlsServer(t, forwardTo(addresses.ports.APP_PORT, proxy))
  const provider = await startBareProvider(t, { ...addresses, app })
  await startRelyingParty(t, addresses, { APP_URL: app, ...settings })
  const visitor = (headers: Record<string, string> = {}) => new Person(app, { ca: authority, headers })
  return { app, provider, visitor }
}

for (const [label, settings, proxy] of [
  ['that it trusts', { TRUSTED_PROXIES: '127.0.0.1' }, keepsHost],
  ['that it was not told of', {}, keepsHost],
  ['that names the upstream as the host', {}, namesUpstream],
  ['that it trusts and that names the upstream as the host', { TRUSTED_PROXIES: '127.0.0.1' }, namesUpstream]
] as [string, Record<string, string>, Proxy][]) {
  t.test(`signs in and out behind a proxy ${label}: every address is the public one`, async t => {
    const { app, provider, visitor } = await start(t, settings, proxy)
    const person = visitor()
    const page = await person.signIn()
    t.equal(page.url, `${app}/`, page.$('dl').text())
    t.match(await person.session(), { authenticated: true, user: { sub: 'ada' } })
    await person.fetchCode()
    const redirectUris = new Set(provider.at('/auth').map(({ understood }) => understood['redirect_uri']))
    t.same([...redirectUris], [`${app}/callback`, `${app}/messenger/callback`])
    t.equal((await person.signOut()).url, `${app}/`)
    t.equal(provider.at('/session/end')[0]?.query['post_logout_redirect_uri'], `${app}/logout/callback`)
    t.ok(person.visited.every(url => url.startsWith(app) || url.startsWith(provider.issuer)), 'and nothing led elsewhere')
  })
}

t.test('gives cookies that no sibling host and no plain connection can touch, and asks for TLS from then on', async t => {
  const { visitor } = await start(t, { TRUSTED_PROXIES: '127.0.0.1' })
  const person = visitor()
  const first = await person.request('/login')
  const cookies = first.headers.getSetCookie()
  await person.signIn()
  const { headers } = await person.request('/session', { headers: { accept: 'application/json' } })
  cookies.push(...headers.getSetCookie())
  t.ok(cookies.length > 0)
  for (const cookie of cookies) t.match(cookie, /^__Host-[^;]+;.*Path=\/;.*HttpOnly; Secure; SameSite=Lax/)
  t.match(headers.get('strict-transport-security'), /^max-age=\d+/)
  t.match(await person.cookieHeader(), /(^| )__Host-session=/)
})

t.test('counts sign-ins by the address that a trusted proxy has seen', async t => {
  const { visitor } = await start(t, { TRUSTED_PROXIES: '127.0.0.1', SIGN_IN_RATE_LIMIT: '2' })
  const [one, other] = ['203.0.113.1', '203.0.113.2'].map(address => visitor({ 'x-test-address': address }))
  t.same([await status(one!), await status(one!), await status(one!)], [303, 303, 429])
  t.equal(await status(other!), 303, 'somebody else is not shut out')
  t.ok(Number((await one!.request('/login')).headers.get('retry-after')) > 0)
})

t.test('is not deceived by an address that the client has made up', async t => {
  const { visitor } = await start(t, { TRUSTED_PROXIES: '127.0.0.1', SIGN_IN_RATE_LIMIT: '2' })
  const statuses = []
  for (const n of [1, 2, 3]) {
    statuses.push(await status(visitor({ 'x-test-address': '203.0.113.1', 'x-forwarded-for': `198.51.100.${n}` })))
  }
  t.same(statuses, [303, 303, 429])
})

t.test('counts everybody behind a proxy together that it was not told of, and believes none of them', async t => {
  const { visitor } = await start(t, { SIGN_IN_RATE_LIMIT: '2' })
  const statuses = []
  for (const n of [1, 2, 3]) statuses.push(await status(visitor({ 'x-test-address': `203.0.113.${n}` })))
  t.same(statuses, [303, 303, 429])
})

t.test('never makes an address of what a request says about its host', async t => {
  const { app, visitor } = await start(t, { TRUSTED_PROXIES: '127.0.0.1' }, { host: () => 'evil.example' })
  const deceiving = visitor({ 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' })
  const { headers } = await deceiving.request('/login')
  const location = headers.get('location')!
  t.notMatch(location, /evil/)
  t.notMatch(headers.get('content-security-policy'), /evil/)
  t.equal((await visitor().request('/messenger/login')).headers.get('location'), `${app}/`)
})

async function status (person: Person): Promise<number> {
  return (await person.request('/login')).status
}
