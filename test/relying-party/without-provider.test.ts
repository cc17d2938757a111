// What works while the provider does not, and the pages that say what does not work.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { freePorts } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'
import { startIdp, Visitor } from '../idp/helper.ts'
import { buildAlone, buildWithIdp, unlimited } from './helper.ts'

const lines: string[] = []
const { app, tab, config } = await buildAlone(t, { LOG_LEVEL: 'trace', ...unlimited }, { write: line => { lines.push(line) } })

t.test('is up, but not ready, and says why', async t => {
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.equal((await app.inject('/livez')).statusCode, 200)
  await until('discovery was tried', async () => (await app.inject('/readyz')).json().reason.includes(config.issuer))
  const response = await app.inject('/readyz')
  t.equal(response.statusCode, 503)
  t.match(response.json(), { status: 'not ready', reason: /no connection \(ECONNREFUSED\)/ })
  t.match(response.headers['retry-after'], /^\d+$/)
})

t.test('says in its log why it waits, once for each reason', async t => {
  const waits = () => lines.filter(line => line.includes('waiting for the identity provider'))
  t.match(waits()[0], `no discovery document from ${config.issuer}: no connection (ECONNREFUSED)`)
  await tab().get('/login')
  t.equal(waits().length, 1)
})

t.test('says of an issuer at localhost that this is the container itself, where it runs in one', async t => {
  for (const host of ['localhost', '127.0.0.1']) {
    const logged: string[] = []
    const { IDP_PORT } = await freePorts()
    const { app, tab } = await buildAlone(t, { IDP_ISSUER: `http://${host}:${IDP_PORT}`, LOG_LEVEL: 'warn' }, {
      write: line => { logged.push(line) }
    })
    t.equal((await tab().get('/login')).status, 503)
    const why = /no connection \(ECONNREFUSED\); nobody listens there. In a container, localhost is the container itself: IDP_ISSUER/
    t.match((await app.inject('/readyz')).json(), { status: 'not ready', reason: why })
    t.match(logged.join(''), why)
  }
  t.notMatch((await app.inject('/readyz')).json().reason, 'container', 'but not of another')
})

t.test('answers a sign-in with a page that says it is not possible now', async t => {
  const { status, headers, $ } = await tab().get('/login?return_to=%2F%23tours')
  t.equal(status, 503)
  t.match(Object.fromEntries(headers), { 'retry-after': /^\d+$/, 'cache-control': 'no-store', 'content-type': /text\/html/ })
  t.equal($('h1').text(), 'Signing in is not possible right now')
  t.match($('dl').text(), 'provider_unavailable')
  t.equal($('a:contains("Try again")').attr('href'), '/login?return_to=%2F%23tours', 'and the way back is not forgotten')
  t.equal(headers.get('set-cookie'), null)
})

t.test('shows its page and everything on it', async t => {
  const { status, $ } = await tab().get('/')
  t.equal(status, 200)
  t.equal($('#sign-in').attr('href'), 'login')
})

t.test('knows nobody, and gives a visitor no cookie for it', async t => {
  const { status, headers, json } = await tab().get('/session', { accept: 'application/json' })
  t.equal(status, 200)
  t.same(json(), { authenticated: false })
  t.equal(headers.get('cache-control'), 'no-store')
  t.equal(headers.get('set-cookie'), null)
})

t.test('gives no code for the Messenger to somebody who is not signed in', async t => {
  const { status, json } = await tab().post('/messenger/auth-code', { accept: 'application/json' })
  t.equal(status, 401)
  t.same(json(), { error: 'signed_out' })
})

t.test('sends home who signs out without being signed in', async t => {
  const { status, location } = await tab().post('/logout')
  t.equal(status, 303)
  t.equal(location?.href, `${config.app}/`)
})

t.test('leads back who asks for a code for the Messenger without being signed in', async t => {
  const { status, location } = await tab().get('/messenger/login?return_to=%2Ftours')
  t.equal(status, 303)
  t.equal(location?.href, `${config.app}/tours`)
})

t.test('takes a session cookie that is none of its own for no session', async t => {
  const { status, json } = await tab().get('/session', { cookie: 'session=c29tZXRoaW5n%3BZWxzZQ' })
  t.equal(status, 200)
  t.same(json(), { authenticated: false })
})

t.test('is ready without a restart once the identity provider is there', async t => {
  const { app, config, tab } = await buildAlone(t, await freePorts())
  t.equal((await tab().get('/login')).status, 503, 'before')
  const idp = await startIdp(t, { IDP_PORT: new URL(config.issuer).port, STATE_DIR: config.stateFolder })
  await idp.app.listen({ host: '127.0.0.1', port: idp.config.port })
  t.match((await tab().get('/login')).location?.href, `${config.issuer}/auth?`)
  t.equal((await app.inject('/readyz')).statusCode, 200)
})

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const visitors = 100

/** A port where connections are taken and nothing is ever said. */
async function listenInSilence (t: Test) {
  const sockets = new Set<Socket>()
  const server = createServer(socket => { sockets.add(socket.resume().on('error', () => {}).on('close', () => sockets.delete(socket))) })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as { port: number }).port, sockets }
}

t.test('a provider that takes connections and says nothing keeps nobody waiting for ever', async t => {
  const silence = await listenInSilence(t)
  const { tab } = await buildAlone(t, { IDP_ISSUER: `http://127.0.0.1:${silence.port}`, OIDC_TIMEOUT: '1' })
  const pages = await Promise.all(Array.from({ length: visitors }, () => tab().get('/login')))
  for (const { status, headers, $ } of pages) {
    t.equal(status, 503)
    t.match(headers.get('retry-after'), /^\d+$/)
    t.equal($('dl code').text(), 'provider_unavailable')
  }
  t.ok(silence.sockets.size <= 1, 'they have asked together')
})

t.test('a token endpoint that says nothing costs the attempt and nothing else', async t => {
  const { idp, tab, config } = await buildWithIdp(t, { OIDC_TIMEOUT: '1' })
  const { clientId: client } = config.oidc
  await idp.lab.faults.switchOn('token-endpoint-timeout', { client_id: client, parameters: { seconds: 300 } })

  // Whom it knows already, so that it asks nothing.
  const atProvider = new Visitor(idp)
  await atProvider.signIn('alice')

  async function wave () {
    const answers = await Promise.all(Array.from({ length: 25 }, async () => {
      const visitor = tab()
      const { location } = await atProvider.open((await visitor.get('/login')).location!.href)
      return visitor.get(`${location!.pathname}${location!.search}`)
    }))
    t.same(new Set(answers.map(({ status }) => status)), new Set([503]))
    t.same(new Set(answers.map(({ $ }) => $('dl code').text())), new Set(['provider_unavailable']))
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  // The first ones compile and fill caches.
  await wave()
  const before = await wave()
  await wave()
  const grown = (await wave()) - before
  t.ok(grown < 4_000_000, `the heap of both has grown by ${Math.round(grown / 1000)} kB in fifty sign-ins`)

  await idp.lab.faults.switchOff('token-endpoint-timeout', { client_id: client })
  t.equal((await tab().signIn(idp, 'alice')).status, 303, 'and the next honest one works')
})

t.test('a provider that has stopped meanwhile is a page of ours, at the sign-in and at the sign-out, and the session ends', async t => {
  const { idp, tab, config, app } = await buildWithIdp(t)
  const [alice, bob, stranger] = [tab(), tab(), tab()]
  for (const [visitor, name] of [[alice, 'alice'], [bob, 'bob']] as const) await visitor.signIn(idp, name)
  const tokenOf = async (visitor: typeof alice) => String((await visitor.get('/session')).json()['csrfToken'])
  const [ofAlice, ofBob] = [await tokenOf(alice), await tokenOf(bob)]
  await idp.app.close()
  await until('it is noticed', async () => (await stranger.get('/login')).status === 503)

  const { status, $, headers } = await stranger.get('/login?return_to=%2F%23tours')
  t.equal(status, 503)
  t.equal($('h1').text(), 'Signing in is not possible right now')
  t.match($('dl').text(), /no connection \(ECONNREFUSED\)/)
  t.equal($('a:contains("Try again")').attr('href'), '/login?return_to=%2F%23tours')
  t.equal(headers.get('set-cookie'), null)

  t.equal((await alice.get('/messenger/login?frame=true')).location?.href, `${config.app}/messenger/frame?outcome=provider_unavailable`)
  t.equal((await alice.get('/messenger/login')).location?.href, `${config.app}/`)

  const place = `${config.app}/logout/callback?error=provider_unavailable`
  const byForm = await alice.post('/logout', { 'csrf-token': ofAlice })
  t.strictSame([byForm.status, byForm.location?.href], [303, place])
  const byScript = await bob.post('/logout', { 'csrf-token': ofBob, accept: 'application/json' })
  t.strictSame([byScript.status, byScript.json()], [200, { location: place }])
  for (const visitor of [alice, bob]) {
    t.match((await visitor.get('/session')).json(), { authenticated: false })
    const page = await visitor.get('/logout/callback?error=provider_unavailable')
    t.equal(page.$('h1').text(), 'You are signed out here')
    t.strictSame(page.$('.ways a').toArray().map(link => page.$(link).attr('href')), ['/'])
  }
  t.equal((await app.inject('/livez')).statusCode, 200)
})

t.test('tells a script in JSON what it tells a person on a page', async t => {
  const problems: [string, number, string][] = [
    ['/nowhere', 404, 'not_found'],
    ['/login?return_to=//evil.example', 400, 'return_to_refused'],
    ['/callback?state=made-up', 400, 'state_unknown'],
    ['/login', 503, 'provider_unavailable']
  ]
  for (const [path, status, error] of problems) {
    const page = await tab().get(path)
    t.equal(page.status, status, path)
    t.match(page.headers.get('content-type'), 'text/html')
    t.equal(page.$('dl code').text(), error)
    const json = await tab().get(path, { accept: 'application/json' })
    t.equal(json.status, status)
    t.match(json.headers.get('content-type'), 'application/json')
    t.equal(json.json()['error'], error)
  }
})

t.test('shows problems on a page that works without a script', async t => {
  const { $ } = await tab().get('/nowhere')
  t.equal($('html').attr('lang'), 'en')
  t.equal($('h1').text(), 'Page not found')
  t.equal($('script, [style]').length, 0)
  t.equal($('a:contains("Back to the start page")').attr('href'), '/')
})

t.test('serves what such a page refers to', async t => {
  const { $ } = await tab().get('/nowhere')
  const assets = $('link').toArray().map(link => $(link).attr('href')!)
  t.ok(assets.length > 0)
  for (const asset of assets) t.equal((await tab().get(asset)).status, 200, asset)
})

t.test('limits how often one address may start a sign-in', async t => {
  const { tab } = await buildAlone(t, { SIGN_IN_RATE_LIMIT: '2' })
  t.equal((await tab().get('/login')).status, 503)
  t.equal((await tab().get('/login')).status, 503)

  const { status, headers, $ } = await tab().get('/login')
  t.equal(status, 429)
  t.match(headers.get('retry-after'), /^[1-9]\d*$/)
  t.equal($('dl code').text(), 'rate_limited')
  t.equal($('h1').text(), 'Too many sign-ins')
  t.equal((await tab().get('/')).status, 200, 'the rest of the site goes on')
  t.equal((await tab().get('/session')).status, 200)
})

t.test('limits how often one address may come back from a sign-in', async t => {
  const { tab } = await buildAlone(t, { SIGN_IN_RATE_LIMIT: '1' })
  t.equal((await tab().get('/callback?state=a')).status, 400)
  t.equal((await tab().get('/callback?state=a')).status, 429)
})

t.test('logs why a sign-in was refused, in one line without its values', async t => {
  lines.length = 0
  await tab().get('/callback?code=secret-code&state=secret-state', { cookie: 'session=secret-cookie' })
  const logged = lines.map(line => JSON.parse(line) as { level: number, msg: string })
  t.match(logged.filter(({ msg }) => msg.startsWith('refused')), [{ level: 30, msg: 'refused: state_unknown' }])
  t.notMatch(lines.join(''), /secret-/)
  t.notMatch(lines.join(''), '"stack"')
})

// What is refused is in mix-up-and-open-redirect.test.ts.
// Nobody is at the identity provider's address, so an address that is accepted shows up in the link to try again.
const address = (returnTo: string) => `/login?${new URLSearchParams({ return_to: returnTo })}`

const inside: [string, string][] = [
  ['/', '/'],
  ['/tours', '/tours'],
  ['/tours?day=1&tide=high#first-light', '/tours?day=1&tide=high#first-light'],
  ['/?next=https://evil.example/', '/?next=https://evil.example/'],
  ['/tours/../hire', '/hire'],
  ['/@evil.example', '/@evil.example'],
  ['/logins', '/logins'],
  ['/a b', '/a%20b'],
  ['', '/']
]
for (const [returnTo, expected] of inside) {
  t.test(`keeps ${JSON.stringify(returnTo)} as the way back`, async t => {
    const { status, $ } = await tab().get(address(returnTo))
    t.equal(status, 503)
    t.equal($('a:contains("Try again")').attr('href'), address(expected))
  })
}
