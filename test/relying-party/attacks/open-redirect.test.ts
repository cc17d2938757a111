import fc from 'fast-check'
import t from 'tap'
import { buildAlone, buildWithIdp } from '../helper.ts'

// Nobody is at the identity provider's address unless a test says so: an address that is accepted shows up in the link to
// try again. And who is not signed in is led back at once where it is about a code for the Messenger.
const unlimited = { SIGN_IN_RATE_LIMIT: '1000000' }
const { tab, config } = await buildAlone(t, unlimited)
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
      const { status, location, headers, $ } = await tab().get(`${path}?${query(returnTo)}`)
      t.equal(status, 400, path)
      t.equal(location, undefined)
      t.equal(headers['set-cookie'], undefined)
      t.match(headers['content-type'], 'text/html')
      t.equal($('dl code').text(), 'return_to_refused')
      t.notMatch($('a').toArray().map(link => $(link).attr('href')).join(' '), /evil|script/, 'and does not link to it')
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
    const { status, headers } = await tab().get(`/messenger/login?${query(returnTo)}`)
    t.equal(status, 303)
    t.equal(headers['location'], `${config.app}${expected}`)
    t.equal(headers['set-cookie'], undefined)
    const login = await tab().get(`/login?${query(returnTo)}`)
    t.equal(login.$('a:contains("Try again")').attr('href'), `/login?${query(expected)}`)
  })
}

t.test('refuses a way back that is too long, is there twice, or is no text', async t => {
  for (const path of ['/login', '/messenger/login']) {
    for (const search of [
      `return_to=/${'a'.repeat(2000)}`, 'return_to=/a&return_to=//evil.example', 'return_to=//evil.example&return_to=/a'
    ]) {
      const { status, location, headers } = await tab().get(`${path}?${search}`)
      t.equal(status, 400)
      t.equal(location, undefined)
      t.match(headers['content-type'], 'text/html')
    }
    const { location } = await tab().get(`${path}?return_to[]=//evil.example`)
    t.equal(location?.href, path === '/login' ? undefined : `${config.app}/`)
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
  fc.string({ unit: 'binary', maxLength: 3 })
)
const nasty = fc.array(pieces, { minLength: 1, maxLength: 8 }).map(parts => parts.join(''))
const beginsWithSlash = nasty.map(text => `/${text}`)
const segments = fc.constantFrom('', '\t', '\n', '.', '..', 'tours/..', '%2e')
const looksLikePath = fc.tuple(segments, fc.constantFrom('/', '\\', '//', '/\\', '\t/'), nasty)
  .map(([segment, slash, rest]) => `/${segment}${slash}${rest}`)

/** Where a browser that is on a page of the application goes by this address. */
const goesTo = (address: string, app: string) => URL.parse(address, `${app}/page`)

t.test('whatever is asked for, a browser stays in the application and out of the flow, or is refused', async t => {
  const { origin } = new URL(config.app)
  const seen = { led: 0, refused: 0, wouldLeave: 0 }
  await fc.assert(fc.asyncProperty(fc.oneof(nasty, beginsWithSlash, looksLikePath), async returnTo => {
    if (/^\/(?!\/)/.test(returnTo) && goesTo(returnTo, config.app)?.origin !== origin) seen.wouldLeave++
    const { status, headers } = await tab().get(`/messenger/login?${query(returnTo)}`)
    seen[status === 303 ? 'led' : 'refused']++
    if (status === 400 && headers['location'] === undefined) return
    const url = goesTo(String(headers['location']), config.app)!
    const stays = url.origin === origin && url.username === '' && !url.pathname.startsWith('//')
    if (status !== 303 || !stays) throw new Error(`${status} to ${headers['location']}`)
    if (/^\/(login|logout|callback|messenger)(\/|$)/.test(decodeURIComponent(url.pathname))) {
      throw new Error(`into the flow: ${url}`)
    }
    // It is asked again on the way, and must come to the same.
    const again = await tab().get(`/messenger/login?${query(url.pathname + url.search + url.hash)}`)
    const [first, second] = [headers['location'], again.headers['location']]
    if (first !== second) throw new Error(`first ${first}, then ${second}`)
  }), { numRuns: 1500 })
  for (const [what, count] of Object.entries(seen)) t.ok(count > 50, `${what}: ${count}`)
})

t.test('leads back by the same rule when the Messenger needs a code', async t => {
  const { idp, tab } = await buildWithIdp(t, unlimited)
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
    tab().get(`/login/initiate?${new URLSearchParams({ iss: config.issuer, target_link_uri: target })}`)
  const led = async (target: string) => {
    const { $, status } = await initiate(target)
    const again = $('a:contains("Try again")').attr('href')
    return status === 503 ? new URL(again!, config.app).searchParams.get('return_to')! : $('dl code').text()
  }
  t.equal(await led(`${config.app}/tours?day=1#tide`), '/tours?day=1#tide')
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
    t.equal(goesTo(returnTo, config.app)?.origin, config.app)
  }
})
