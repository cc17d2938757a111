import t from 'tap'
import { startIdp } from '../idp/helper.ts'
import { freePorts } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'
import { buildAlone } from './helper.ts'

t.test('is up, but not ready, and says why', async t => {
  const { app, config } = await buildAlone(t)
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.equal((await app.inject('/livez')).statusCode, 200)
  await until('discovery was tried', async () => (await app.inject('/readyz')).json().reason.includes(config.issuer))
  const response = await app.inject('/readyz')
  t.equal(response.statusCode, 503)
  t.match(response.json(), { status: 'not ready', reason: /no connection \(ECONNREFUSED\)/ })
  t.match(response.headers['retry-after'], /^\d+$/)
})

t.test('answers a sign-in with a page that says it is not possible now', async t => {
  const { tab } = await buildAlone(t)
  const { status, headers, $ } = await tab().get('/login?return_to=%2F%23tours')
  t.equal(status, 503)
  t.match(headers, { 'retry-after': /^\d+$/, 'cache-control': 'no-store', 'content-type': /text\/html/ })
  t.equal($('h1').text(), 'Signing in is not possible right now')
  t.match($('dl').text(), 'provider_unavailable')
  t.equal($('a:contains("Try again")').attr('href'), '/login?return_to=%2F%23tours', 'and the way back is not forgotten')
  t.equal(headers['set-cookie'], undefined)
})

t.test('shows its page and everything on it', async t => {
  const { tab } = await buildAlone(t)
  const { status, $ } = await tab().get('/')
  t.equal(status, 200)
  t.equal($('#sign-in').attr('href'), '/login?return_to=%2F')
})

t.test('knows nobody, and gives a visitor no cookie for it', async t => {
  const { tab } = await buildAlone(t)
  const { status, headers, json } = await tab().get('/session', { accept: 'application/json' })
  t.equal(status, 200)
  t.same(json(), { authenticated: false })
  t.equal(headers['cache-control'], 'no-store')
  t.equal(headers['set-cookie'], undefined)
})

t.test('gives no code for the Messenger to somebody who is not signed in', async t => {
  const { tab } = await buildAlone(t)
  const { status, json } = await tab().post('/messenger/auth-code', { accept: 'application/json' })
  t.equal(status, 401)
  t.same(json(), { error: 'signed_out' })
})

t.test('sends home who signs out without being signed in', async t => {
  const { tab, config } = await buildAlone(t)
  const { status, location } = await tab().post('/logout')
  t.equal(status, 303)
  t.equal(location?.href, `${config.app}/`)
})

t.test('leads back who asks for a code for the Messenger without being signed in', async t => {
  const { tab, config } = await buildAlone(t)
  const { status, location } = await tab().get('/messenger/login?return_to=%2Ftours')
  t.equal(status, 303)
  t.equal(location?.href, `${config.app}/tours`)
})

t.test('takes a session cookie that is none of its own for no session', async t => {
  const { tab } = await buildAlone(t)
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
