// Requests that nobody means well with: their heads, addresses and bodies.
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import type { Page } from '../helpers/browser.ts'
import { sendBytes } from '../helpers/raw-http.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { buildAlone, buildWithIdp } from './helper.ts'

/** With no more than a socket, to send what no browser would. */
async function onSocket ({ app, config }: Pick<Awaited<ReturnType<typeof buildAlone>>, 'app' | 'config'>) {
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const { host } = new URL(config.app)
  return {
    host,
    /** send bytes as they are */
    send: (bytes: string) => sendBytes(port, bytes),
    /** send a request head with other headers than a browser's */
    ask: (requestLine: string, headers: string[] = [`host: ${host}`]) =>
      sendBytes(port, [`${requestLine} HTTP/1.1`, 'connection: close', 'accept: text/html', ...headers, '', ''].join('\r\n'))
  }
}

const parts = await buildWithIdp(t)
const { idp, tab, app, config, settings } = parts
const { host, send, ask } = await onSocket(parts)
/** Another relying party of the same provider. */
const beside = (t: Test, others: Record<string, string>) => buildAlone(t, { ...settings, STATE_DIR: temporaryFolder(t), ...others })
const behindProxy = await beside(t, { TRUSTED_PROXIES: '127.0.0.1' })

// https://portswigger.net/web-security/host-header
const poison: Record<string, Record<string, string>> = {
  'a foreign Host': { host: 'evil.example' },
  'a Host with somebody\'s name before it': { host: 'evil.example@app.localhost' },
  'a Host with a foreign port': { host: 'app.localhost:6666' },
  'X-Forwarded-Host': { 'x-forwarded-host': 'evil.example' },
  'X-Forwarded-Host of this machine': { 'x-forwarded-host': 'localhost' },
  'X-Forwarded-Proto': { 'x-forwarded-proto': 'https' },
  'X-Forwarded-Port': { 'x-forwarded-port': '6666' },
  'X-Forwarded-Prefix': { 'x-forwarded-prefix': '//evil.example' },
  Forwarded: { forwarded: 'for=1.2.3.4;host=evil.example;proto=https' },
  'X-Host and X-Forwarded-Server': { 'x-host': 'evil.example', 'x-forwarded-server': 'evil.example' },
  'X-Original-URL and X-Rewrite-URL': { 'x-original-url': '/evil.example', 'x-rewrite-url': '/evil.example' },
  'X-HTTP-Method-Override': { 'x-http-method-override': 'DELETE' },
  'Origin and Referer': { origin: 'https://evil.example', referer: 'https://evil.example/' }
}

for (const [through, { tab }] of [['', parts], [', through a trusted proxy either', behindProxy]] as const) {
  t.test(`no address that is given out is made from a header${through}`, async t => {
    for (const [what, headers] of Object.entries(poison)) {
      const visitor = tab()
      const isOurs = (answer: Page) => {
        t.notMatch(answer.text + JSON.stringify([...answer.headers]), /evil\.example|(:|%3A)6666/i, what)
        t.not(answer.location?.protocol, 'https:', what)
      }

      const login = await visitor.get('/login', headers)
      t.equal(login.location?.origin, config.issuer, what)
      t.equal(login.location?.searchParams.get('redirect_uri'), `${config.app}/callback`, what)
      isOurs(login)

      const callback = await visitor.get(await visitor.answerOfSignIn(idp, 'alice'), headers)
      t.equal(callback.location?.href, `${config.app}/`, what)
      isOurs(callback)

      const messenger = await visitor.get('/messenger/login', headers)
      t.equal(messenger.location?.searchParams.get('redirect_uri'), `${config.app}/messenger/callback`, what)
      isOurs(messenger)

      const problem = await visitor.get('/callback?state=made-up', headers)
      t.equal(problem.status, 400, what)
      isOurs(problem)

      const { csrfToken } = (await visitor.get('/session')).json()
      const logout = await visitor.post('/logout', { ...headers, 'csrf-token': String(csrfToken) })
      t.equal(logout.status, 303, what)
      t.equal(logout.location?.searchParams.get('post_logout_redirect_uri'), `${config.app}/logout/callback`, what)
      isOurs(logout)
    }
  })
}

t.test('who makes up where a request is from is counted by where it is from', async t => {
  const { tab } = await beside(t, { SIGN_IN_RATE_LIMIT: '2' })
  const statuses = []
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
    statuses.push((await tab().get('/login', { 'x-forwarded-for': address, 'x-real-ip': address })).status)
  }
  t.same(statuses, [303, 303, 429])
})

t.test('which a proxy that is trusted may say', async t => {
  const { tab } = await beside(t, { SIGN_IN_RATE_LIMIT: '2', TRUSTED_PROXIES: '127.0.0.1' })
  const statusFrom = async (address: string) => (await tab().get('/login', { 'x-forwarded-for': address })).status
  for (let n = 1; n <= 3; n++) t.equal(await statusFrom(`192.0.2.${n}`), 303)
  t.equal(await statusFrom('192.0.2.1'), 303)
  t.equal(await statusFrom('192.0.2.1'), 429)
  t.equal(await statusFrom('192.0.2.1, 127.0.0.1'), 429)
})

// A target in absolute form has a host of its own: https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
const targets = [
  'http://evil.example/', 'http://evil.example/login', 'https://evil.example/', '//evil.example/', '@evil.example/',
  '.evil.example/', '*', '\\evil.example'
]
// Without a port, something that is appended to the address could belong to the host.
const withoutPort = await beside(t, { APP_URL: 'http://app.localhost' })
const { ask: askWithoutPort } = await onSocket(withoutPort)
for (const name of ['localhost', '127.0.0.1', 'app.localhost', 'evil.example']) {
  t.test(`a request for another host by its target leads nowhere but here, with ${name} as Host`, async t => {
    for (const target of targets) {
      const { status, headers, body } = await askWithoutPort(`GET ${target}`, [`host: ${name}`])
      t.ok(status < 500, `${target}: ${status}`)
      const location = /^location: (.*)$/im.exec(headers)?.[1]
      if (location !== undefined) t.ok([withoutPort.config.app, config.issuer].includes(new URL(location).origin), location)
      // As a path of ours it names no host.
      t.notMatch(body.replaceAll(`href="${withoutPort.config.app}//evil.example/"`, ''), 'evil.example')
    }
  })
}

t.test('a callback that comes in absolute form signs in', async t => {
  const visitor = tab()
  const answer = await visitor.answerOfSignIn(idp, 'alice')
  const { status, headers } = await ask(`GET ${config.app}${answer}`, [`host: ${host}`, `cookie: ${await visitor.cookieHeader()}`])
  t.equal(status, 303, headers)
  t.match(headers, /^set-cookie: session=./im)
})

// As mail filters and link checkers do: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1
t.test('HEAD changes nothing, wherever GET does', async t => {
  const visitor = tab()
  const head = async (path: string, allow = 'GET') => {
    const before = await visitor.cookieHeader()
    const { status, headers } = await visitor.request(path, { method: 'HEAD' })
    t.strictSame([status, headers.get('allow'), headers.get('set-cookie'), await visitor.cookieHeader()], [405, allow, null, before], path)
  }
  for (const path of ['/login', '/callback/another?state=a']) await head(path)
  await head(`/login/initiate?${new URLSearchParams({ iss: config.issuer })}`, 'GET, POST')

  const answer = await visitor.answerOfSignIn(idp, 'alice')
  await head(answer)
  t.equal((await visitor.get(answer)).status, 303, 'the code can still be used')

  await head('/messenger/login')
  const state = (await visitor.get('/messenger/login')).location!.searchParams.get('state')!
  const back = `/messenger/callback?${new URLSearchParams({ code: 'x', state, iss: config.issuer })}`
  await head(back)
  t.equal((await visitor.get(back)).location?.href, `${config.app}/`, 'and so can the Messenger\'s')

  await head('/frontchannel-logout?sid=x')
  const csrfToken = String((await visitor.get('/session')).json()['csrfToken'])
  const logout = await visitor.post('/logout', { 'csrf-token': csrfToken })
  const leave = `/logout/callback?state=${logout.location?.searchParams.get('state')}`
  await head(leave)
  t.equal((await visitor.get(leave)).status, 303, 'the way back is still open')
})

t.test('a line break brings no header of its own into an answer, encoded or not', async t => {
  for (const path of ['/login', '/messenger/login']) {
    for (const lineBreak of ['%0d%0a', '%250d%250a', '%0a', '%E5%98%8D%E5%98%8A', '%C4%8D%C4%8A']) {
      const value = `/${lineBreak}evil:%20yes`
      const { headers } = await ask(`GET ${path}?return_to=${value}`)
      t.notMatch(headers, /^evil:/im, value)
    }
  }
  for (const header of [
    'cookie: session=a\r\n\tevil: yes', 'cookie: attempt.a%0d%0aevil:%20yes=1', 'host: app.localhost\revil: yes',
    'cookie: a=b\nevil: yes'
  ]) {
    const { status, headers } = await ask('GET /login', header.startsWith('host') ? [header] : ['host: app.localhost', header])
    t.ok(status < 500, String(status))
    t.notMatch(headers, /^evil:/im)
  }
})

t.test('what two servers could read differently is no request', async t => {
  const start = `POST /logout HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n`
  for (const rest of [
    'content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    'content-length: 5\r\ncontent-length: 6\r\n\r\nhello',
    'content-length: -1\r\n\r\n',
    'transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n', 'transfer-encoding : chunked\r\n\r\n0\r\n\r\n',
    'evil\u0000: yes\r\n\r\n', ' evil: yes\r\n\r\n'
  ]) {
    const { status } = await send(start + rest)
    t.equal(status, 400, JSON.stringify(rest))
  }
  t.equal((await send('GET / HTTP/1.1\r\nconnection: close\r\n\r\n')).status, 400, 'nor is one without a Host')
})

const megabyte = 1024 * 1024
const form = 'application/x-www-form-urlencoded'

t.test('answers whatever there is in an address with a page that says no, and none of it twice', async t => {
  const addresses: Record<string, string> = {
    'percent signs that encode nothing': '/callback?state=%zz&code=%',
    'a path that encodes nothing': '/%zz',
    'bytes that are no UTF-8': '/callback?state=%ff%fe&code=%c0%af',
    'a path that is no UTF-8': '/%ff',
    'half a character': '/callback?state=%ed%a0%80',
    'a NUL': '/callback?state=%00&code=a%00b',
    'a NUL in the path': '/%00',
    'two states': '/callback?state=a&state=b&code=x',
    'two states, one with brackets': '/callback?state=a&state[]=b',
    'two codes': '/callback?state=a&code=x&code=y',
    'names that objects have': '/callback?__proto__=x&constructor=y&prototype=z&toString=1&state=__proto__',
    'names that objects have, in brackets': '/callback?__proto__[state]=a&constructor[prototype][state]=b',
    'a state like the name of a method': '/callback?state=hasOwnProperty&code=x',
    'a very long state': `/callback?state=${'s'.repeat(10_000)}`,
    'a very long code': `/callback?state=a&code=${'c'.repeat(10_000)}`,
    'thousands of parameters': `/callback?${'a&'.repeat(5_000)}state=x`,
    'an empty state': '/callback?state=&code=',
    'a state that is markup': '/callback?state=%3Cscript%3Ealert(1)%3C/script%3E',
    'the Messenger\'s callback with two states': '/messenger/callback?state=a&state=b',
    'a state of a sign-out that nobody has begun': '/logout/callback?state=__proto__',
    'two states of a sign-out': '/logout/callback?state=a&state=b',
    'a callback with another name': '/callback/%2e%2e%2fmessenger?state=a',
    'a callback with the name of a method': '/callback/constructor?state=a',
    'a provider that nobody knows': '/login?iss=__proto__',
    'two providers': '/login?iss=a&iss=b',
    'a provider that is no address': '/login/initiate?iss=%00',
    'no provider': '/login/initiate?target_link_uri=/',
    'a sign-out without sid': '/frontchannel-logout?iss=x',
    'two sids': '/frontchannel-logout?iss=x&sid=a&sid=b',
    'a frame that is neither true nor false': '/messenger/login?frame=maybe'
  }
  for (const [what, address] of Object.entries(addresses)) {
    const { status, headers, body } = await ask(`GET ${address}`)
    t.ok(status >= 400 && status < 500, `${what}: ${status}`)
    t.match(headers, /^content-type: text\/html/im, what)
    t.match(headers, /^referrer-policy: no-referrer$/im, what)
    t.match(body, '<h1', what)
    t.notMatch(body, /<script|at .*\.ts:\d/, what)
    t.notMatch(headers, /^(location|set-cookie):/im, what)
  }
})

t.test('reads no request head that is too long', async t => {
  const heads: [string, string[]?][] = [
    [`GET /callback?state=${'s'.repeat(64 * 1024)}`],
    ['GET /session', [`host: ${host}`, `cookie: session=${'a'.repeat(64 * 1024)}`]],
    ['GET /session', [`host: ${host}`, `cookie: ${'a=b; '.repeat(12 * 1024)}`]],
    ['GET /session', [`host: ${host}`, ...Array.from({ length: 3_000 }, (_, n) => `x-${n}: y`)]]
  ]
  for (const [requestLine, headers] of heads) {
    // Who closes a connection on which more is waiting may break off its own answer.
    const status = await ask(requestLine, headers).then(answer => answer.status, (error: NodeJS.ErrnoException) => error.code)
    t.ok([431, 'ECONNRESET', 'EPIPE'].includes(status!), String(status))
  }
  t.equal((await ask('GET /session')).status, 200, 'and answers the next')
})

const bodies: Record<string, [type: string, body: string]> = {
  'JSON that is none': ['application/json', '{'],
  'JSON that names what objects have': ['application/json', '{"__proto__":{"_csrf":"x"}}'],
  'JSON in which the token is an object': ['application/json', '{"_csrf":{"length":1},"logout_token":{}}'],
  'JSON that is null': ['application/json', 'null'],
  'deep JSON': ['application/json', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
  'a form with the token twice': [form, '_csrf=a&_csrf=b&logout_token=a&logout_token=b'],
  'a form that encodes nothing': [form, '_csrf=%zz&logout_token=%zz'],
  'a form that names what objects have': [form, '__proto__=a&constructor=b&toString=c'],
  'a form of thousands of fields': [form, 'a&'.repeat(100_000)],
  'a form with a NUL': [form, '_csrf=\u0000&logout_token=\u0000'],
  'a file': ['multipart/form-data; boundary=b', '--b\r\n\r\n\r\n--b--'],
  'no known type': ['\u00ff', 'x'],
  text: ['text/plain', 'logout_token=x']
}
const posted = [
  '/logout', '/logout/everywhere', '/messenger/auth-code', '/sessions/__proto__/end', '/backchannel-logout', '/login/initiate'
]
t.test('answers whatever there is in a body with 4xx, and ends no session', async t => {
  const visitor = tab()
  await visitor.signIn(idp, 'alice')
  const cookie = await visitor.cookieHeader()
  for (const [what, [type, payload]] of Object.entries(bodies)) {
    for (const url of posted) {
      const { statusCode } = await app.inject({
        method: 'POST', url, payload, headers: { host: new URL(config.app).host, 'content-type': type, cookie }
      })
      t.ok(statusCode >= 400 && statusCode < 500, `${what} to ${url}: ${statusCode}`)
    }
  }
  t.match((await visitor.get('/session')).json(), { authenticated: true })
})

t.test('does not read a body that is too long', async t => {
  for (const path of ['/logout', '/messenger/auth-code', '/backchannel-logout', '/login/initiate']) {
    const head = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\ncontent-type: ${form}\r\n`
    // The ten megabytes are announced and never sent: an answer shows that nobody has waited for them.
    t.equal((await send(`${head}content-length: ${10 * megabyte}\r\n\r\n_csrf=`)).status, 413, path)
  }
})

t.test('takes a body in pieces that is too long for none', async t => {
  const pieces = async function * () { for (let n = 0; n < 10; n++) yield Buffer.alloc(megabyte, 'a') }
  const { statusCode } = await app.inject({
    method: 'POST',
    url: '/backchannel-logout',
    headers: { host: new URL(config.app).host, 'content-type': form, 'transfer-encoding': 'chunked' },
    payload: Readable.from(pieces())
  })
  t.equal(statusCode, 413)
})

t.test('takes a session cookie that it has not made, or not so, for none', async t => {
  const visitor = tab()
  await visitor.signIn(idp, 'alice')
  const whole = decodeURIComponent((await visitor.jar.getCookies(config.app)).find(({ key }) => key === 'session')!.value)
  const [box, nonce] = whole.split(';') as [string, string]
  const isSignedIn = async (cookie: string, at = tab()) => {
    const { status, json } = await at.get('/session', { cookie: `session=${cookie}` })
    t.equal(status, 200)
    return json()['authenticated']
  }
  t.equal(await isSignedIn(encodeURIComponent(whole)), true, 'the one that it has made is good')

  const flipped = Buffer.from(box, 'base64')
  flipped[20]! ^= 1
  const strange: Record<string, string> = {
    'cut in the middle': whole.slice(0, 30),
    'without its last character': whole.slice(0, -1),
    'without its nonce': box,
    'with an empty nonce': `${box};`,
    'with another nonce': `${box};${Buffer.alloc(24).toString('base64')}`,
    'with one bit changed': `${flipped.toString('base64')};${nonce}`,
    'its parts swapped': `${nonce};${box}`,
    'an empty box': `;${nonce}`,
    'nothing but separators': ';;;;',
    'no base64': '\u00ff;\u00ff',
    JSON: '{"id":"x"}',
    long: 'a'.repeat(8_000)
  }
  for (const [what, cookie] of Object.entries(strange)) t.equal(await isSignedIn(encodeURIComponent(cookie)), false, what)
  t.equal(await isSignedIn('%zz;%'), false, 'encoding nothing')

  const { tab: otherKey } = await buildAlone(t, { ...settings, SESSION_KEY: 'ab'.repeat(32) })
  t.equal(await isSignedIn(encodeURIComponent(whole), otherKey()), false, 'of another key, with the same sessions')
})

t.test('is not stopped from signing in by cookies with strange names', async t => {
  const six = (name: string) => Array.from({ length: 6 }, (_, n) => `attempt.${name}${n}=${n}`).join('; ')
  const names = ['\u00e9', '\u00a0', 'a(b', 'a b', '__proto__', 'constructor', '"', '%', '', '<script>', 'a'.repeat(1_000)]
  for (const name of names) {
    const { status } = await ask('GET /login', [`host: ${host}`, `cookie: ${six(name)}`])
    t.equal(status, 303, `six attempts with the name ${name.slice(0, 20)}`)
    const query = new URLSearchParams({ code: 'x', state: `${name}0` })
    const callback = await ask(`GET /callback?${query}`, [`host: ${host}`, `cookie: ${six(name)}`])
    t.equal(callback.status, 400)
    t.match(callback.headers, /^content-type: text\/html/im, `a page for the name ${name.slice(0, 20)}`)
  }
})
