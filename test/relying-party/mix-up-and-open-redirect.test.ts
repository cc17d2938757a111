// Answers and people that are sent to somewhere else: to another provider, or to another site.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Page } from '../helpers/browser.ts'
import { Visitor } from '../idp/helper.ts'
import { buildAlone, buildWithIdp, unlimited } from './helper.ts'

interface Attacker {
  issuer: string
  /** what was sent to its token endpoint */
  received: URLSearchParams[]
  /** the authorization endpoint that it sends browsers on to, once it is known */
  sendTo (request: (query: URLSearchParams) => string): void
}

/**
 * A provider of the attacker's that the relying party knows: it sends whoever comes to it on to the honest one, and waits at
 * its token endpoint for the code.
 *
 * @param metadata what it says of itself beyond its endpoints
 */
async function startAttacker (t: Test, metadata: Record<string, unknown> = {}): Promise<Attacker> {
  const received: URLSearchParams[] = []
  let onwards = (query: URLSearchParams) => String(query)
  const server = createServer(async (request, response) => {
    const url = new URL(request.url!, issuer)
    if (url.pathname === '/auth') return response.writeHead(303, { location: onwards(url.searchParams) }).end()
    response.setHeader('content-type', 'application/json')
    if (url.pathname === '/token') {
      received.push(new URLSearchParams(Buffer.concat(await request.toArray() as Buffer[]).toString()))
      return response.writeHead(400).end('{"error":"invalid_grant"}')
    }
    const endpoints = { authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks` }
    return response.end(JSON.stringify({ issuer, ...endpoints, ...metadata }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close().closeAllConnections() })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { issuer, received, sendTo: request => { onwards = request } }
}

const attackers = {
  nameless: await startAttacker(t),
  naming: await startAttacker(t, { authorization_response_iss_parameter_supported: true }),
  lying: await startAttacker(t, { issuer: 'https://honest.example' })
}
const { idp, tab, config } = await buildWithIdp(t, {
  OIDC_PROVIDERS_FILE: join(t.testdir({
    'providers.yaml': JSON.stringify(Object.entries(attackers).map(([name, { issuer }]) =>
      ({ name, issuer, client_id: 'relying-party', client_secret: 'a-secret-that-the-attacker-knows' })))
  }), 'providers.yaml')
})

/** A victim at the relying party of an honest provider and one of the attackers. */
function start (name: keyof typeof attackers = 'nameless') {
  const attacker = attackers[name]
  attacker.received.length = 0
  const victim = tab()
  return { attacker, victim, begin: (iss: string) => victim.get(`/login?${new URLSearchParams({ iss })}`) }
}

type Started = ReturnType<typeof start>

/** Go on from a request to the provider, over the attacker's host, to the answer that the honest provider gives. */
async function answerOf (request: URL, username = 'alice'): Promise<URL> {
  const { headers } = await fetch(request, { redirect: 'manual' })
  const onwards = headers.get('location')!
  const { password } = idp.config.users.find(user => user.username === username)!
  const atProvider = new Visitor(idp)
  const page = await atProvider.open(onwards)
  return page.location ?? (await atProvider.submit(page, { username, password }, 'Sign in')).location!
}

async function isInVain (t: Test, { attacker, victim }: Started, answer: Page, error: string) {
  t.equal(answer.status, 400)
  t.equal(answer.$('dl code').text(), error)
  t.same(attacker.received, [], 'nothing was sent to the attacker')
  t.match((await victim.get('/session')).json(), { authenticated: false })
}

const pathOf = ({ pathname, search }: URL) => pathname + search
const without = (url: URL, ...names: string[]) => {
  const changed = new URL(url)
  for (const name of names) changed.searchParams.delete(name)
  return changed
}
const withParameter = (url: URL, name: string, value: string) => {
  const changed = new URL(url)
  changed.searchParams.set(name, value)
  return changed
}

/** Have the attacker send browsers on to the honest provider, as if the relying party had sent them there. */
function relay ({ attacker }: Started, changes: Record<string, string> = {}) {
  const honest = { redirect_uri: `${config.app}/callback`, client_id: 'relying-party' }
  attacker.sendTo(query =>
    `${config.issuer}/auth?${new URLSearchParams({ ...Object.fromEntries(query), ...honest, ...changes })}`)
}

/** For one test, the honest provider takes from our client whatever is not quite right. */
async function beCareless (t: Test) {
  await idp.lab.clients.patch('relying-party', { permissive: true })
  t.teardown(() => idp.lab.clients.patch('relying-party', { permissive: false }))
}

// https://www.rfc-editor.org/rfc/rfc9700#section-4.4
for (const [label, name] of [
  ['that says it names itself in answers', 'naming'], ['that does not name itself in answers', 'nameless']
] as const) {
  t.test(`a code of the honest provider is not sent to an attacker ${label} and at whom the person began`, async t => {
    const started = start(name)
    relay(started)
    for (const change of [
      (url: URL) => url,
      // as of an honest provider that does not name itself
      (url: URL) => without(url, 'iss'),
      (url: URL) => withParameter(url, 'iss', started.attacker.issuer)
    ]) {
      const answer = await answerOf((await started.begin(started.attacker.issuer)).location!)
      t.equal(answer.searchParams.get('iss'), config.issuer)
      t.ok(answer.searchParams.get('code'), 'the code is there to be had')
      await isInVain(t, started, await started.victim.get(pathOf(change(answer))), 'other_provider')
    }
  })
}

t.test('each provider has its answers at an address of its own', async t => {
  const started = start()
  const { begin, attacker } = started
  const redirectUri = async (iss: string) => (await begin(iss)).location!.searchParams.get('redirect_uri')
  t.equal(await redirectUri(config.issuer), `${config.app}/callback`)
  t.equal(await redirectUri(attacker.issuer), `${config.app}/callback/nameless`)
})

t.test('an honest provider does not send its answers to the address of the attacker\'s', async t => {
  const started = start()
  relay(started, { redirect_uri: `${config.app}/callback/nameless` })
  const { headers } = await fetch((await started.begin(started.attacker.issuer)).location!, { redirect: 'manual' })
  const { location, status } = await new Visitor(idp).open(headers.get('location')!)
  t.equal(location, undefined)
  t.equal(status, 400)
})

t.test('and where it is careless about that, it names itself, which is not the name of whom the person has chosen', async t => {
  const started = start()
  await beCareless(t)
  relay(started, { redirect_uri: `${config.app}/callback/nameless` })
  const answer = await answerOf((await started.begin(started.attacker.issuer)).location!)
  t.equal(answer.pathname, '/callback/nameless')
  await isInVain(t, started, await started.victim.get(pathOf(answer)), 'invalid_response')
})

t.test('only if it were careless and nameless too would the code get to the attacker', async t => {
  const started = start()
  await beCareless(t)
  relay(started, { redirect_uri: `${config.app}/callback/nameless` })
  const answer = await answerOf((await started.begin(started.attacker.issuer)).location!)
  await started.victim.get(pathOf(without(answer, 'iss')))
  t.equal(started.attacker.received.length, 1)
  t.equal(started.attacker.received[0]?.get('code'), answer.searchParams.get('code'), 'the attack is a real one')
})

t.test('answers of two attempts in one browser cannot be swapped', async t => {
  const started = start()
  const { victim, begin, attacker } = started
  const atAttacker = (await begin(attacker.issuer)).location!
  const atHonest = (await begin(config.issuer)).location!
  const { password } = idp.config.users.find(({ username }) => username === 'alice')!
  const visitor = new Visitor(idp)
  const { location } = await visitor.submit(await visitor.open(atHonest.href), { username: 'alice', password }, 'Sign in')

  const swapped = withParameter(location!, 'state', atAttacker.searchParams.get('state')!)
  await isInVain(t, started, await victim.get(pathOf(swapped)), 'other_provider')
  const moved = new URL(location!)
  moved.pathname = '/callback/nameless'
  await isInVain(t, started, await victim.get(pathOf(moved)), 'other_provider')
  await isInVain(t, started, await victim.get(pathOf(location!)), 'state_unknown')
})

t.test('an attempt that is not disturbed ends well', async t => {
  const { begin, victim } = start()
  const visitor = new Visitor(idp)
  const { location } = await begin(config.issuer)
  const { location: back } = await visitor.submit(await visitor.open(location!.href), {}, 'Sign in as Alice Anders')
  t.equal((await victim.get(pathOf(back!))).status, 303)
  t.match((await victim.get('/session')).json(), { user: { name: 'Alice Anders' } })
})

t.test('metadata of the attacker\'s that names the honest provider, or its endpoints, does not help', async t => {
  const started = start('lying')
  t.equal((await started.begin(started.attacker.issuer)).status, 503, 'another issuer than the one asked')
  t.equal((await started.begin('https://honest.example')).status, 400, 'nor does anybody know that one')
})

// Nobody is at the identity provider's address unless a test says so: an address that is accepted shows up in the link to
// try again. And who is not signed in is led back at once where it is about a code for the Messenger.
const alone = await buildAlone(t, unlimited)
const query = (returnTo: string) => new URLSearchParams({ return_to: returnTo })

const elsewhere = [
  // another host, as browsers read it: https://url.spec.whatwg.org/#relative-slash-state
  '//evil.example', '///evil.example', '////evil.example', '/\\evil.example', '\\/evil.example', '\\\\evil.example',
  '/\\/evil.example',
  '//\\evil.example', '//evil.example/%2e%2e', '//evil.example:80\\@app.localhost', '//[::1]/', '//2130706433/', '//0x7f.1/',
  // what browsers leave out of an address: https://url.spec.whatwg.org/#concept-basic-url-parser
  '/\t/evil.example', '/\n/evil.example', '/\r/evil.example', '/\r\n//evil.example', '\t//evil.example', '/\t\\evil.example',
  ' //evil.example',
  '\u0000//evil.example', '\u001f//evil.example', 'ht\ntps://evil.example', 'java\tscript:alert(1)',
  // a path that becomes one
  '/..//evil.example', '/.//evil.example', '/%2e//evil.example', '/%2E%2e//evil.example', '/tours/..//evil.example',
  '/a/%2e%2e//evil.example',
  '/.\\/evil.example', '/\\..\\/evil.example',
  // whole addresses
  'https://evil.example/', 'http://evil.example', 'HTTPS:evil.example', 'https:/evil.example', 'hTTp:\\\\evil.example',
  'https:///evil.example',
  'ftp://evil.example', 'ws://evil.example', 'file:///etc/passwd', 'blob:http://evil.example/x', 'about:blank', 'view-source:x',
  // what only looks like the application's own host
  'http://app.localhost:3000@evil.example/', '//app.localhost:3000@evil.example/', '//someone@app.localhost:3000/',
  'http://app.localhost:3000.evil.example/', '//app.localhost:3000.evil.example', '//app.localhost.evil.example:3000/',
  '//evil-app.localhost:3000/',
  '.evil.example', '@evil.example', ':80@evil.example', '//app.localhost:3001/', '//app.localhost/',
  'https://app.localhost:3000/',
  // other letters that mean the same: https://www.unicode.org/reports/tr46/
  '/\uff0fevil.example/..//evil.example', '\uff0f\uff0fevil.example', '//evil\u3002example', '//\u2488evil.example',
  '//evil\uff0eexample',
  // scripts
  'javascript:alert(1)', 'JaVaScRiPt:alert(1)', '\u0001javascript:alert(1)', 'javascript://app.localhost:3000/%0aalert(1)',
  'data:text/html,<script>alert(1)</script>', 'vbscript:x',
  // no path
  'evil.example', 'tours', '?tours', '#tours', '.', '..', ' ', '%2F%2Fevil.example', '%2f', '\\',
  // the flow itself, which would start again and again
  '/login', '/login?return_to=/', '/login/', '/login#', '/tours/../login', '/%6Cogin', '/%6c%6F%67%69%6e', '/login%2F',
  '/login%2fx', '/./login', '/\tlogin',
  '/log\nin', '/callback?code=x&state=y', '/logout', '/logout/callback', '/messenger/login', '/messenger/callback',
  '/messenger/auth-code', '/messenger%2Flogin',
  // no text
  '/%', '/%zz', '/%ff', '/%c0%af', '/%ed%a0%80'
]
for (const returnTo of elsewhere) {
  t.test(`refuses ${JSON.stringify(returnTo)} as a way back`, async t => {
    for (const path of ['/login', '/messenger/login']) {
      const { status, location, headers, $ } = await alone.tab().get(`${path}?${query(returnTo)}`)
      const links = $('a').toArray().map(link => $(link).attr('href')).join(' ')
      t.match({
        status,
        location,
        cookies: headers.getSetCookie(),
        type: headers.get('content-type'),
        error: $('dl code').text(),
        // It does not link to it either.
        links: /evil|script/.exec(links)
      }, { status: 400, location: undefined, cookies: { length: 0 }, type: /^text\/html/, error: 'return_to_refused', links: null }, path)
    }
  })
}

// What looks bad and is not: all of it stays in the application.
const here: [string, string][] = [
  ['/@evil.example', '/@evil.example'],
  ['/?next=//evil.example/', '/?next=//evil.example/'],
  ['/#//evil.example/', '/#//evil.example/'],
  ['/%2F%2Fevil.example', '/%2F%2Fevil.example'],
  ['/%5Cevil.example', '/%5Cevil.example'],
  ['/%252F%252Fevil.example', '/%252F%252Fevil.example'],
  ['/https://evil.example/', '/https://evil.example/'],
  ['/javascript:alert(1)', '/javascript:alert(1)'],
  ['/%0d%0aset-cookie:a=b', '/%0d%0aset-cookie:a=b'],
  ['/a\r\nset-cookie: a=b', '/aset-cookie:%20a=b'],
  ['/\uff0f\uff0fevil.example', '/%EF%BC%8F%EF%BC%8Fevil.example'],
  ['/evil\u3002example', '/evil%E3%80%82example'],
  ['//app.localhost:3000/tours', '/tours'],
  ['//:@app.localhost:3000/', '/'],
  ['/LOGIN', '/LOGIN'],
  ['/logins', '/logins']
]
for (const [returnTo, expected] of here) {
  t.test(`keeps ${JSON.stringify(returnTo)} in the application`, async t => {
    const { status, headers } = await alone.tab().get(`/messenger/login?${query(returnTo)}`)
    t.equal(status, 303)
    t.equal(headers.get('location'), `${alone.config.app}${expected}`)
    t.equal(headers.get('set-cookie'), null)
    const login = await alone.tab().get(`/login?${query(returnTo)}`)
    t.equal(login.$('a:contains("Try again")').attr('href'), `/login?${query(expected)}`)
  })
}

t.test('keeps a way back with a query of 2,100 characters, and leads home where it is longer than addresses may be', async t => {
  const { app } = alone.config
  const lead = async (returnTo: string) => (await alone.tab().get(`/messenger/login?${query(returnTo)}`)).location?.href
  for (const returnTo of [`/?q=${'a'.repeat(2_100)}#hire`, `/?q=${'a'.repeat(5_900)}`]) t.equal(await lead(returnTo), app + returnTo)
  for (const returnTo of [`/?q=${'a'.repeat(6_000)}`, `/?q=${'%20'.repeat(1_500)}`, `//evil.example/${'a'.repeat(6_000)}`]) {
    t.equal(await lead(returnTo), `${app}/`)
  }
  const login = await tab().get(`/login?${query(`/?q=${'a'.repeat(2_100)}#hire`)}`)
  t.equal(login.location?.origin, config.issuer)
})

t.test('refuses a way back that is there twice, or is no text', async t => {
  for (const path of ['/login', '/messenger/login']) {
    for (const search of [
      'return_to=/a&return_to=//evil.example', 'return_to=//evil.example&return_to=/a'
    ]) {
      const { status, location, headers } = await alone.tab().get(`${path}?${search}`)
      t.equal(status, 400)
      t.equal(location, undefined)
      t.match(headers.get('content-type'), 'text/html')
    }
    const { location } = await alone.tab().get(`${path}?return_to[]=//evil.example`)
    t.equal(location?.href, path === '/login' ? undefined : `${alone.config.app}/`)
  }
})

const pieces = fc.oneof(
  fc.constantFrom(
    '/', '//', '\\', '.', '..', '%2f', '%5c', '%2e', '%252f', '@', ':', '?', '#', '&', ';', '\t', '\n', '\r', '\u0000', ' ',
    '\u00a0', '\u2028', '\ufeff',
    '\u3002', '\uff0f', '\uff3c', '\u2044', '\ud800', 'http:', 'https:', 'javascript:', 'data:', 'evil.example',
    'app.localhost:3000', 'login', 'messenger', '%00',
    '%0d%0a', '%6c', '[::1]', '1', '=', '"', '<', '|'
  ),
  fc.array(fc.nat(0xffff), { maxLength: 3 }).map(units => String.fromCharCode(...units))
)
const nasty = fc.array(pieces, { minLength: 1, maxLength: 8 }).map(parts => parts.join(''))
const beginsWithSlash = nasty.map(text => `/${text}`)
const segments = fc.constantFrom('', '\t', '\n', '.', '..', 'tours/..', '%2e')
const looksLikePath = fc.tuple(segments, fc.constantFrom('/', '\\', '//', '/\\', '\t/'), nasty)
  .map(([segment, slash, rest]) => `/${segment}${slash}${rest}`)

/** Where a browser that is on a page of the application goes by this address. */
const goesTo = (address: string, app: string) => URL.parse(address, `${app}/page`)

t.test('whatever is asked for, a browser stays in the application and out of the flow, or is refused', async t => {
  const { origin } = new URL(alone.config.app)
  const seen = { led: 0, refused: 0, wouldLeave: 0 }
  await fc.assert(fc.asyncProperty(fc.oneof(nasty, beginsWithSlash, looksLikePath), async returnTo => {
    if (/^\/(?!\/)/.test(returnTo) && goesTo(returnTo, alone.config.app)?.origin !== origin) seen.wouldLeave++
    const { status, headers } = await alone.tab().get(`/messenger/login?${query(returnTo)}`)
    seen[status === 303 ? 'led' : 'refused']++
    const address = headers.get('location')
    if (status === 400 && address === null) return
    const url = goesTo(String(address), alone.config.app)!
    const stays = url.origin === origin && url.username === '' && !url.pathname.startsWith('//')
    if (status !== 303 || !stays) throw new Error(`${status} to ${address}`)
    if (/^\/(login|logout|callback|messenger)(\/|$)/.test(decodeURIComponent(url.pathname))) {
      throw new Error(`into the flow: ${url}`)
    }
    // It is asked again on the way, and must come to the same.
    const again = await alone.tab().get(`/messenger/login?${query(url.pathname + url.search + url.hash)}`)
    const second = again.headers.get('location')
    if (address !== second) throw new Error(`first ${address}, then ${second}`)
  }), { numRuns: 600 })
  for (const [what, count] of Object.entries(seen)) t.ok(count > 20, `${what}: ${count}`)
})

t.test('leads back by the same rule when the Messenger needs a code', async t => {
  const visitor = tab()
  await visitor.signIn(idp, 'alice')
  const { csrfToken } = (await visitor.get('/session')).json()
  const ask = (returnTo: string) =>
    visitor.post(`/messenger/auth-code?${query(returnTo)}`, { 'csrf-token': String(csrfToken), accept: 'application/json' })
  t.equal((await ask('/tours')).json()['location'], '/messenger/login?return_to=%2Ftours')
  for (const returnTo of elsewhere) {
    const { status, json } = await ask(returnTo)
    t.match({ status, ...json() }, { status: 400, error: 'return_to_refused' }, JSON.stringify(returnTo))
  }
})

t.test('a third party that begins a sign-in has it end in the application too', async t => {
  const initiate = (target: string) =>
    alone.tab().get(`/login/initiate?${new URLSearchParams({ iss: alone.config.issuer, target_link_uri: target })}`)
  const led = async (target: string) => {
    const { $, status } = await initiate(target)
    const again = $('a:contains("Try again")').attr('href')
    return status === 503 ? new URL(again!, alone.config.app).searchParams.get('return_to')! : $('dl code').text()
  }
  t.equal(await led(`${alone.config.app}/tours?day=1#tide`), '/tours?day=1#tide')
  const whole = [
    'blob:http://app.localhost:3000/x', 'filesystem:http://app.localhost:3000/x', 'http://app.localhost:3000//evil.example',
    'http://app.localhost:3000/\\evil.example',
    'http://someone@app.localhost:3000/', 'http://:secret@app.localhost:3000/', 'http://app.localhost:3000/login',
    'http://app.localhost:3000/%6cogout', 'http://app.localhost:80/'
  ]
  for (const target of whole) t.equal(await led(target), 'return_to_refused', target)
  for (const target of elsewhere) {
    const returnTo = await led(target)
    if (returnTo === 'return_to_refused') continue
    // `tours` is a path here, and `\` the root.
    t.match(returnTo, /^\/(?!\/)/)
    t.equal(goesTo(returnTo, alone.config.app)?.origin, alone.config.app)
  }
})
