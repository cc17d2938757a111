import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { buildServer } from '#lib/server/http-server.ts'
import { linkOf } from '#lib/ledger/links.ts'
import { Ledger } from '#lib/ledger/ledger.ts'
import { redirectParameters } from '#lib/ledger/redirect-parameters.ts'
import { serviceLedger } from '#lib/ledger/service-ledger.ts'
import { until } from '../helpers/until.ts'
import { serverConfig } from './server-config.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** A service with one endpoint, which redirects, and its ledger. */
async function start (t: Test, options: { ledger?: Ledger, isSession?: (cookie: string) => boolean } = {}) {
  const { ledger = new Ledger() } = options
  const app = buildServer(serverConfig())
  t.teardown(() => app.close())
  await app.register(serviceLedger, { url: 'http://app.localhost', service: 'shop', endpoints: { '/login': 'login' }, ...options, ledger })
  app.get('/login', async (_request, reply) => reply.header('set-cookie', 'attempt=a-new-cookie; HttpOnly').redirect('http://idp.localhost/auth?state=the-state&nonce=n', 303))
  return { app, ledger }
}

t.test('has of a request and its answer the headers that tell something, and what joins them with others', async t => {
  const { app, ledger } = await start(t, { isSession: cookie => cookie === 'session' || cookie === 'attempt' })
  await app.inject({
    url: '/login?code=the-code', headers: { authorization: 'Bearer the-token', cookie: 'session=the-cookie; theme=dark', 'x-forwarded-for': '10.0.0.1' }
  })
  const [entry] = ledger.query().entries
  t.match(entry, {
    from: 'browser', to: 'shop', endpoint: 'login', path: '/login', status: 303, answer: { location: 'http://idp.localhost/auth', state: 'the-state', nonce: 'n' }
  })
  t.match(entry!.requestHeaders, { authorization: 'Bearer …', cookie: 'session=…; theme=…' })
  t.notOk('x-forwarded-for' in entry!.requestHeaders)
  t.match(entry!.answerHeaders, { location: 'http://idp.localhost/auth?state=…&nonce=…', 'set-cookie': /^attempt=a-n…12/ })
  t.strictSame(entry!.links.toSorted(), ['the-code', 'the-state', 'the-token', 'the-cookie', 'a-new-cookie'].map(linkOf).sort())
})

t.test('joins by the whole of a value, also where that is too long to be kept', async t => {
  const { app, ledger } = await start(t)
  const code = 'c'.repeat(9_000)
  await app.inject(`/login?code=${code}`)
  const [entry] = ledger.query({ secrets: 'show' }).entries
  t.match(entry!.parameters['code'], /cut: 9000 characters/)
  t.ok(entry!.links.includes(linkOf(code)))
})

t.test('holds of a request no more than what its entry is made of', async t => {
  const { app, ledger } = await start(t)
  app.addHook('onRequest', async request => Object.assign(request.raw, { large: Array.from({ length: 100_000 }, (_, n) => n) }))
  const used = () => {
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  await app.inject('/login')
  const before = used()
  for (let n = 0; n < 100; n++) await app.inject('/login')
  await until('far less is held than the 80 MB of the requests', () => used() - before < 20e6)
  t.equal(ledger.query().count, 101)
})

t.test('counts headers to what it may hold, before they are looked at too', async t => {
  const { app, ledger } = await start(t, { ledger: new Ledger({ maxLength: 50_000 }) })
  for (let n = 0; n < 100; n++) await app.inject({ url: '/login', headers: { cookie: `large=${'x'.repeat(5_000)}` } })
  const { count } = ledger.query()
  t.ok(count > 5 && count < 10, `${count} of 5,000 characters each`)
})

t.test('takes a redirect apart as browsers do', async t => {
  for (const [location, expected] of Object.entries({
    'http://app.localhost/callback?code=a%20b+c&state=#frag': { location: 'http://app.localhost/callback', code: 'a b c', state: '', frag: '' },
    '/login': { location: '/login' },
    '/callback#access_token=t?u&x=1': { location: '/callback', access_token: 't?u', x: '1' },
    '?error=x%': { location: '', error: 'x%' }
  })) t.strictSame(redirectParameters(location), expected, location)
})
