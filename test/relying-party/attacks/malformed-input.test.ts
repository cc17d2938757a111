import { Readable } from 'node:stream'
import t from 'tap'
import { buildAlone, buildWithIdp } from '../helper.ts'
import { listenWithIdp } from './helper.ts'

const megabyte = 1024 * 1024
const form = 'application/x-www-form-urlencoded'

t.test('answers whatever there is in an address with a page that says no, and none of it twice', async t => {
  const { ask } = await listenWithIdp(t)
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
  const { ask, host } = await listenWithIdp(t)
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
  const { idp, tab, app, config } = await buildWithIdp(t)
  const visitor = tab()
  await visitor.signIn(idp, 'alice')
  const cookie = await visitor.jar.getCookieString(config.app)
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
  const { send, host } = await listenWithIdp(t)
  for (const path of ['/logout', '/messenger/auth-code', '/backchannel-logout', '/login/initiate']) {
    const head = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\ncontent-type: ${form}\r\n`
    // The ten megabytes are announced and never sent: an answer shows that nobody has waited for them.
    t.equal((await send(`${head}content-length: ${10 * megabyte}\r\n\r\n_csrf=`)).status, 413, path)
  }
})

t.test('takes a body in pieces that is too long for none', async t => {
  const { app, config } = await buildAlone(t)
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
  const settings = { STATE_DIR: t.testdir({}) }
  const { idp, tab, config } = await buildWithIdp(t, settings)
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

  const { tab: otherKey } = await buildAlone(t, {
    ...settings, IDP_PORT: new URL(config.issuer).port, SESSION_KEY: 'ab'.repeat(32)
  })
  t.equal(await isSignedIn(encodeURIComponent(whole), otherKey()), false, 'of another key, with the same sessions')
})

t.test('is not stopped from signing in by cookies with strange names', async t => {
  const { ask, host } = await listenWithIdp(t)
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
