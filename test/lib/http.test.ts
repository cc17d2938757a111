// The server that every service is built on: its log, its health, whom it answers and whom it believes.
import { get, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import rateLimit from '@fastify/rate-limit'
import t, { type Test } from 'tap'
import { Ledger } from '#lib/ledger/ledger.ts'
import { recorder } from '#lib/ledger/recorder.ts'
import { health } from '#lib/server/health.ts'
import { buildServer } from '#lib/server/http-server.ts'
import { sameSiteOnly } from '#lib/server/same-site.ts'
import { commonSettings, loadSettings, serverConfigOf, SettingsError } from '#lib/settings/settings.ts'
import { sendBytes } from '../helpers/raw-http.ts'
import { serverConfig } from './server-config.ts'

async function build (t: Test, notReady?: () => string | undefined) {
  const lines: string[] = []
  const app = buildServer(serverConfig({
    log: { level: 'trace', format: 'json', destination: { write: line => { lines.push(line) } } }
  }))
  t.teardown(() => app.close())
  await app.register(health, notReady ? { notReady } : {})
  app.get('/greeting/:name', async () => 'hello')
  app.get('/failure', async request => {
    const err = Object.assign(new Error('the peer failed', { cause: new Error('cause-with-a-token') }), { body: 'body-with-a-token' })
    request.log.error({ err }, 'a request failed')
    throw err
  })
  return { app, messages: () => lines.map(line => JSON.parse(line) as { level: number, msg: string }), log: () => lines.join('') }
}

t.test('logs one line a request, with the names of its parameters and none of their values', async t => {
  const { app, messages, log } = await build(t)
  await app.inject({ url: '/greeting/ann?code=secret-1&state=secret-2&code=secret-3', headers: { cookie: 'session=secret-4', authorization: 'Bearer secret-5' } })
  t.match(messages(), [{ level: 30, msg: /^GET \/greeting\/ann\?code=…&state=… 200 \d+ ms$/ }])
  t.equal(messages().length, 1)
  t.notMatch(log(), /secret-/)
})

t.test('logs what it has no route for without its parameters too', async t => {
  const { app, messages, log } = await build(t)
  await app.inject('/nowhere?token=secret-1')
  t.ok(messages().some(({ msg }) => /^GET \/nowhere\?token=… 404/.test(msg)))
  t.notMatch(log(), /secret-/)
})

t.test('writes one line whatever the names of the parameters are', async t => {
  const { app, messages } = await build(t)
  await app.inject('/greeting/ann?a%0A%5B00:00%5D%20forged%1B%5B31m=1')
  t.match(messages(), [{ msg: /^GET \/greeting\/ann\?a%0A%5B00%3A00%5D%20forged%1B%5B31m=… 200 / }])
})

t.test('does not wait for ever for a request whose body never ends', async t => {
  const { app } = await build(t)
  t.ok(app.server.requestTimeout > 0 && app.server.requestTimeout <= 300_000)
})

t.test('logs a path that is no URL as it came', async t => {
  const { app, messages } = await build(t)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  await new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '//?code=secret-1' }, response => response.resume().once('end', resolve)).once('error', reject)
  })
  t.ok(messages().some(({ msg }) => /^GET \/\/\?code=… 404/.test(msg)))
})

// https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
t.test('answers a target in absolute form as it does one that begins with a path, for the host that it names', async t => {
  const { app, messages } = await build(t)
  app.get('/host', async ({ host, url }) => ({ host, url }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const ask = async (target: string) => {
    const { status, body } = await sendBytes(port, `GET ${target} HTTP/1.1\r\nhost: beside.example\r\nconnection: close\r\n\r\n`)
    return [status, status === 200 ? JSON.parse(body) : undefined]
  }
  t.strictSame(await ask('/host?a=b'), [200, { host: 'beside.example', url: '/host?a=b' }])
  t.strictSame(await ask('http://app.localhost:3000/host?a=b'), [200, { host: 'app.localhost:3000', url: '/host?a=b' }])
  t.strictSame(await ask('HTTPS://app.example/host'), [200, { host: 'app.example', url: '/host' }])
  for (const target of ['http://app.localhost', 'http://app.localhost?a=b', 'http://app.localhost//host']) {
    t.strictSame(await ask(target), [404, undefined], target)
  }
  t.ok(messages().some(({ msg }) => /^GET \/host\?a=… 200 /.test(msg)), 'and logs it without a host')
})

t.test('is at its path where its URL has one, and where a proxy has left that out', async t => {
  const app = buildServer(serverConfig({ url: 'https://example.com/shop' }))
  t.teardown(() => app.close())
  for (const url of ['/', '/shop', '/here', '/shopping']) app.get(url, async request => `${url} ${request.url}`)
  const expected = {
    '/shop': '/ /',
    '/shop/': '/ /',
    '/shop?a=b': '/ /?a=b',
    '/shop/here?a=b': '/here /here?a=b',
    '/here': '/here /here',
    '/shopping': '/shopping /shopping',
    '/shop/shop': '/shop /shop'
  }
  for (const [target, answer] of Object.entries(expected)) t.equal((await app.inject(target)).body, answer, target)
})

t.test('leaves health checks out of the log', async t => {
  const { app, messages } = await build(t)
  await app.inject('/livez')
  await app.inject('/readyz')
  t.same(messages(), [])
})

t.test('a route leaves out the log, or the ledger, as its configuration says of each', async t => {
  const { app, messages } = await build(t)
  const ledger = new Ledger()
  await app.register(recorder, {
    ledgerOf: () => ledger,
    describe: ({ request }) => ({ from: 'browser', to: 'test', endpoint: request.url, parameters: {}, answer: {} })
  })
  await app.register(async app => {
    app.get('/both', async () => 'hello')
    app.get('/unlogged', { config: { log: false } }, async () => 'hello')
    app.get('/unrecorded', { config: { record: false } }, async () => 'hello')
  })
  for (const path of ['/both', '/unlogged', '/unrecorded', '/livez']) await app.inject(path)
  t.same(messages().map(({ msg }) => msg.split(' ')[1]), ['/both', '/unrecorded'])
  t.same(ledger.query().entries.map(({ endpoint }) => endpoint), ['/both', '/unlogged'])
})

t.test('logs an error with its stack and without its cause and other properties', async t => {
  const { app, log, messages } = await build(t)
  await app.inject('/failure?code=secret-1')
  const line = messages().find(({ level }) => level === 50)
  t.match(line, { msg: 'a request failed', err: { type: 'Error', message: 'the peer failed', stack: /http\.test\.ts/ } })
  t.notMatch(log(), /with-a-token|secret-/)
})

t.test('is ready when nothing says otherwise', async t => {
  const { app } = await build(t)
  const response = await app.inject('/readyz')
  t.equal(response.statusCode, 200)
  t.same(response.json(), { status: 'ready' })
})

t.test('is up but not ready while there is a reason, and says the reason', async t => {
  let reason: string | undefined = 'the peer is late'
  const { app } = await build(t, () => reason)
  t.equal((await app.inject('/livez')).statusCode, 200)
  const response = await app.inject('/readyz')
  t.equal(response.statusCode, 503)
  t.same(response.json(), { status: 'not ready', reason: 'the peer is late' })
  t.match(response.headers, { 'retry-after': /^\d+$/, 'cache-control': 'no-store' })

  reason = undefined
  t.equal((await app.inject('/readyz')).statusCode, 200)
})

const ownHost = 'tool.localhost:4000'

function buildOn (t: Test, own = `http://${ownHost}/base`, query?: 'any') {
  const app = buildServer(serverConfig({ url: own }))
  t.teardown(() => app.close())
  app.addHook('onRequest', sameSiteOnly(own, { pages: ['/tool'], ...(query && { query }) }))
  for (const url of ['/tool', '/tool/data']) app.route({ method: ['GET', 'POST'], url, handler: async () => 'here' })
  return async (method: 'GET' | 'POST', url: string, headers: Record<string, string> = {}) => {
    const response = await app.inject({ method, url, headers: { host: ownHost, ...headers } })
    const { code, message } = response.statusCode === 200 ? { code: '', message: '' } : response.json()
    if (code === 'WRONG_HOST') t.match(message, `, ${new URL(own).host}. Where`, 'a refusal names the right host')
    return [response.statusCode, code]
  }
}

t.test('answers its own page, and whoever is no browser', async t => {
  const ask = buildOn(t)
  for (const method of ['GET', 'POST'] as const) {
    t.strictSame(await ask(method, '/tool/data'), [200, ''], 'a command line')
    const fromItsPage = { 'sec-fetch-site': 'same-origin', origin: `http://${ownHost}` }
    t.strictSame(await ask(method, '/tool/data', fromItsPage), [200, ''], 'its page')
    t.strictSame(await ask(method, '/tool/data', { 'sec-fetch-site': 'none' }), [200, ''], 'an address that was typed')
  }
})

t.test('refuses what a browser sends from elsewhere, and whoever knows it by another name', async t => {
  const ask = buildOn(t)
  const cases: [string, Record<string, string>, string][] = [
    ['another site', { 'sec-fetch-site': 'cross-site' }, 'OTHER_SITE'],
    ['the same site, another origin', { 'sec-fetch-site': 'same-site' }, 'OTHER_SITE'],
    ['a value that is yet to be invented', { 'sec-fetch-site': 'near-by' }, 'OTHER_SITE'],
    ['another origin, of an old browser', { origin: 'http://app.localhost:4000' }, 'OTHER_ORIGIN'],
    ['another port', { origin: 'http://tool.localhost:4001' }, 'OTHER_ORIGIN'],
    ['TLS', { origin: `https://${ownHost}` }, 'OTHER_ORIGIN'],
    ['a page in a sandbox', { origin: 'null' }, 'OTHER_ORIGIN'],
    ['DNS rebinding', { host: 'evil.example' }, 'WRONG_HOST'],
    [
      'DNS rebinding with our port',
      { host: 'evil.example:4000', 'sec-fetch-site': 'same-origin', origin: 'http://evil.example:4000' },
      'WRONG_HOST'
    ],
    ['another port of it, in a browser', { host: 'tool.localhost:4001', 'sec-fetch-site': 'same-origin' }, 'WRONG_HOST']
  ]
  for (const [what, headers, code] of cases) {
    for (const method of ['GET', 'POST'] as const) {
      t.strictSame(await ask(method, '/tool/data', headers), [403, code], `${method}: ${what}`)
    }
  }
})

t.test('a link from elsewhere may lead to its page, and to nothing else', async t => {
  const ask = buildOn(t)
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  t.strictSame(await ask('GET', '/tool', link), [200, ''])
  t.strictSame(await ask('GET', '/tool/data', link), [403, 'OTHER_SITE'])
  t.strictSame(await ask('GET', '/tool?now', link), [403, 'OTHER_SITE'])
  t.strictSame(await ask('POST', '/tool', link), [403, 'OTHER_SITE'], 'a form is no link')
  t.strictSame(await ask('GET', '/tool', { ...link, 'sec-fetch-dest': 'iframe' }), [403, 'OTHER_SITE'], 'a frame')
  t.strictSame(await ask('GET', '/tool', { ...link, host: 'evil.example' }), [403, 'WRONG_HOST'])

  const askAnything = buildOn(t, undefined, 'any')
  t.strictSame(await askAnything('GET', '/tool?realm=red', link), [200, ''], 'a query that only chooses what is shown')
  t.strictSame(await askAnything('GET', '/tool/data?realm=red', link), [403, 'OTHER_SITE'])
})

t.test('programs may call it by any name of this machine, and by the port that its own is mapped to', async t => {
  for (const own of [`http://${ownHost}`, 'http://tool.localhost', 'https://tool.example', 'http://192.0.2.1:4000']) {
    const ask = buildOn(t, own)
    for (const name of ['localhost', '127.0.0.1', '127.0.0.2', '[::1]', 'tool.localhost']) {
      for (const alias of [name, `${name}:4000`, `${name}:5190`].filter(alias => alias !== new URL(own).host)) {
        for (const method of ['GET', 'POST'] as const) t.strictSame(await ask(method, '/tool/data', { host: alias }), [200, ''], alias)
        const otherwise: [string, Record<string, string>][] = [
          ['a page of that name', { host: alias, 'sec-fetch-site': 'same-origin', origin: `http://${alias}` }],
          ['a browser without Origin', { host: alias, 'sec-fetch-site': 'same-origin' }],
          ['an address that was typed', { host: alias, 'sec-fetch-site': 'none' }],
          ['an old browser', { host: alias, origin: `http://${alias}` }],
          ['a page of its own', { host: alias, origin: new URL(own).origin }]
        ]
        for (const [what, headers] of otherwise) {
          t.strictSame(await ask('POST', '/tool/data', headers), [403, 'WRONG_HOST'], `${alias}: ${what}`)
        }
      }
    }
  }
})

t.test('no other name is one of this machine, whatever it looks like', async t => {
  const ask = buildOn(t)
  const others = [
    '0.0.0.0:4000', '10.0.0.1:4000', 'localhost.evil.example:4000', 'evil-localhost:4000', '127.0.0.1.evil.example', '1127.0.0.1',
    'evil.example:4000', 'localhost:x', 'localhost:', '[::2]:4000'
  ]
  for (const host of others) t.strictSame(await ask('GET', '/tool/data', { host }), [403, 'WRONG_HOST'], host)
})

const here = '127.0.0.1'

t.test('a tool that is itself at one of these names answers programs by the others', async t => {
  for (const [own, other] of [['127.0.0.1', 'localhost'], ['localhost', '127.0.0.1']]) {
    const ask = buildOn(t, `http://${own}:4000`)
    t.strictSame(await ask('POST', '/tool/data', { host: `${own}:4000`, 'sec-fetch-site': 'same-origin' }), [200, ''])
    t.strictSame(await ask('POST', '/tool/data', { host: `${other}:4000` }), [200, ''])
    t.strictSame(await ask('POST', '/tool/data', { host: `${other}:4000`, 'sec-fetch-site': 'same-origin' }), [403, 'WRONG_HOST'])
  }
})

/**
 * A server that says whom it believes a request to be from, and lets a client ask twice a minute at `/limited`. All connect
 * to it from `here`.
 */
async function start (t: Test, trustedProxies: string[]) {
  const app = buildServer(serverConfig({ trustedProxies }))
  t.teardown(() => app.close())
  await app.register(rateLimit, { global: false })
  app.get('/', async ({ ip, host, hostname, protocol }) => ({ ip, host, hostname, protocol }))
  app.get('/limited', { config: { rateLimit: { max: 2, timeWindow: '1 minute' } } }, async () => ({}))
  await app.listen({ host: here, port: 0 })
  const { port } = app.server.address() as AddressInfo

  return (headers: Record<string, string>, path = '/') =>
    new Promise<{ status: number | undefined, body: Record<string, string> }>((resolve, reject) => {
      send({ host: here, port, path, headers: { host: 'app.example', ...headers }, agent: false }, response => {
        let text = ''
        response.setEncoding('utf8').on('data', chunk => { text += chunk })
        response.on('end', () => resolve({ status: response.statusCode, body: JSON.parse(text) as Record<string, string> }))
      }).once('error', reject).end()
    })
}

const ipOf = async (answer: Promise<{ body: Record<string, string> }>) => (await answer).body['ip']

t.test('where no proxy is trusted, a request is from whoever has connected, whatever it says', async t => {
  const ask = await start(t, [])
  t.equal(await ipOf(ask({})), here)
  t.equal(await ipOf(ask({ 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9' })), here)
})

t.test('a trusted proxy is believed when it says whom a request is from', async t => {
  for (const trusted of [here, '127.0.0.0/31', '::ffff:127.0.0.1']) {
    const ask = await start(t, [trusted])
    t.equal(await ipOf(ask({ 'x-forwarded-for': '203.0.113.9' })), '203.0.113.9', trusted)
    t.equal(await ipOf(ask({ 'x-forwarded-for': '2001:db8::9' })), '2001:db8::9', trusted)
    t.equal(await ipOf(ask({})), here, trusted)
  }
})

t.test('nobody else is believed, though proxies are trusted', async t => {
  const ask = await start(t, ['127.0.0.2', '10.0.0.0/8'])
  t.equal(await ipOf(ask({ 'x-forwarded-for': '203.0.113.9' })), here)
  t.equal(await ipOf(ask({ 'x-forwarded-for': '203.0.113.9, 127.0.0.2, 10.0.0.1' })), here)
})

t.test('what a client has said to the first proxy is not believed', async t => {
  const ask = await start(t, [here])
  t.equal(await ipOf(ask({ 'x-forwarded-for': '198.51.100.1, 203.0.113.9' })), '203.0.113.9')
  t.equal(await ipOf(ask({ 'x-forwarded-for': `${here}, 203.0.113.9` })), '203.0.113.9')
})

t.test('behind two proxies a request is from whoever has connected to the outer one', async t => {
  const through = { 'x-forwarded-for': '198.51.100.1, 203.0.113.9, 10.1.2.3' }
  t.equal(await ipOf((await start(t, [here, '10.0.0.0/8']))(through)), '203.0.113.9')
  t.equal(await ipOf((await start(t, [here]))(through)), '10.1.2.3', 'the outer one is not trusted')
})

t.test('a proxy is believed in nothing else: no URL is made from what it says', async t => {
  const forged = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }
  const asAsked = { ip: here, host: 'app.example', hostname: 'app.example', protocol: 'http' }
  for (const trusted of [[], [here]]) {
    const ask = await start(t, trusted)
    t.strictSame((await ask(forged)).body, asAsked, `trusted: ${trusted.join()}`)
  }
})

t.test('a rate limit counts the clients behind a trusted proxy, each for itself', async t => {
  t.strictSame(await statusesOf(t, [here], ['203.0.113.1', '203.0.113.1', '203.0.113.1', '203.0.113.2']), [200, 200, 429, 200])
})

t.test('nobody escapes a rate limit by a forged address', async t => {
  t.strictSame(await statusesOf(t, ['10.0.0.0/8'], ['203.0.113.1', '203.0.113.2', '203.0.113.3']), [200, 200, 429])
})

async function statusesOf (t: Test, trustedProxies: string[], clients: string[]) {
  const ask = await start(t, trustedProxies)
  const statuses: unknown[] = []
  for (const client of clients) statuses.push((await ask({ 'x-forwarded-for': client }, '/limited')).status)
  return statuses
}

const proxiesOf = (value: string) => {
  const settings = loadSettings('test', commonSettings, { TRUSTED_PROXIES: value })
  return serverConfigOf('test', 3000, 'http://app.localhost', settings).trustedProxies
}

t.test('TRUSTED_PROXIES lists addresses and ranges, with commas or spaces between', async t => {
  t.strictSame(proxiesOf(''), [])
  t.strictSame(proxiesOf(' 10.0.0.1,172.16.0.0/12 , fd00::/8  ::1\n'), ['10.0.0.1', '172.16.0.0/12', 'fd00::/8', '::1'])
  buildServer(serverConfig({ trustedProxies: proxiesOf('10.0.0.1/1 10.0.0.1/32 ::/1 ::1/128 ::ffff:10.0.0.0/104 fe80::1%eth0') }))
})

t.test('TRUSTED_PROXIES that are malformed keep a service from starting', async t => {
  const malformed = [
    'proxy.example', '10.0.0', '10.0.0.256', '010.0.0.1', '10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/0', '10.0.0.0/8/8',
    '10.0.0.0/08', '10.0.0.0/255.0.0.0', 'true', '1', '*', '10.0.0.1;10.0.0.2', '10.0.0.1, proxy'
  ]
  for (const value of malformed) {
    t.throws(() => proxiesOf(value), new SettingsError(
      'test cannot start, a setting is wrong:\n' +
      '  TRUSTED_PROXIES: is malformed; it must be IP addresses and CIDR ranges, separated by commas or spaces'), value)
  }
})
