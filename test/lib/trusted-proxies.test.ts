import { request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import rateLimit from '@fastify/rate-limit'
import t, { type Test } from 'tap'
import { buildServer } from '#lib/http-server.ts'
import { commonSettings, loadSettings, serverConfigOf, SettingsError } from '#lib/settings.ts'
import { serverConfig } from './server-config.ts'

const here = '127.0.0.1'

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

const load = (value: string) => {
  const settings = loadSettings('test', commonSettings, { TRUSTED_PROXIES: value })
  return serverConfigOf('test', 3000, 'http://app.localhost', settings).trustedProxies
}

t.test('TRUSTED_PROXIES lists addresses and ranges, with commas or spaces between', async t => {
  t.strictSame(load(''), [])
  t.strictSame(load(' 10.0.0.1,172.16.0.0/12 , fd00::/8  ::1\n'), ['10.0.0.1', '172.16.0.0/12', 'fd00::/8', '::1'])
  buildServer(serverConfig({ trustedProxies: load('10.0.0.1/1 10.0.0.1/32 ::/1 ::1/128 ::ffff:10.0.0.0/104 fe80::1%eth0') }))
})

t.test('TRUSTED_PROXIES that are malformed keep a service from starting', async t => {
  const malformed = [
    'proxy.example', '10.0.0', '10.0.0.256', '010.0.0.1', '10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/0', '10.0.0.0/8/8',
    '10.0.0.0/08', '10.0.0.0/255.0.0.0', 'true', '1', '*', '10.0.0.1;10.0.0.2', '10.0.0.1, proxy'
  ]
  for (const value of malformed) {
    t.throws(() => load(value), new SettingsError(
      'test cannot start, a setting is wrong:\n' +
      '  TRUSTED_PROXIES: is malformed; it must be IP addresses and CIDR ranges, separated by commas or spaces'), value)
  }
})
