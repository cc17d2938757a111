import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { until } from '../helpers/until.ts'
import { buildAlone, buildWithIdp } from './helper.ts'

const System = Date
const day = 86_400

type Part = Pick<Awaited<ReturnType<typeof buildAlone>>, 'app' | 'config'>

const setClock = ({ app, config }: Part, offsetSeconds: number) =>
  app.inject({ method: 'PUT', url: '/lab/clock', headers: { host: new URL(config.app).host }, payload: { offsetSeconds } })

t.test('outside of a lab there is no clock to move', async t => {
  const alone = await buildAlone(t, { LAB: 'false' })
  t.equal((await setClock(alone, day)).statusCode, 404)
  t.equal(Date, System)
  t.ok(Date.now() - System.now() < day)
})

t.test('a session ends when the clock says so, though the browser still has its cookie', async t => {
  const { idp, tab, ...alone } = await buildWithIdp(t, { SESSION_IDLE_LIFETIME: String(day) })
  const visitor = tab()
  await visitor.signIn(idp, 'alice')
  const cookie = await visitor.jar.getCookieString(alone.config.app)
  const isSignedIn = async () => (await visitor.get('/session', { cookie })).json()['authenticated']

  const { lifetime } = alone.config.session
  for (const [offsetSeconds, signedIn] of [[lifetime - 60, true], [lifetime + 60, false]] as const) {
    t.equal((await setClock(alone, offsetSeconds)).statusCode, 200)
    t.equal(await isSignedIn(), signedIn, `after ${offsetSeconds} s`)
  }
})

t.test('a sign-in that takes too long is over', async t => {
  const { tab, config, app } = await buildWithIdp(t)
  const visitor = tab()
  const state = await visitor.startSignIn()
  const cookie = await visitor.jar.getCookieString(config.app)
  await setClock({ app, config }, 3601)
  const { $ } = await visitor.get(`/callback?code=c&state=${state}`, { cookie })
  t.equal($('dl code').text(), 'state_unknown')
})

t.test('who signed in too often while the clock was ahead is not shut out once it is back', async t => {
  const { tab, ...alone } = await buildAlone(t, { SIGN_IN_RATE_LIMIT: '1' })
  await setClock(alone, day)
  t.equal((await tab().get('/login')).status, 503)
  await setClock(alone, 0)
  const { status, headers } = await tab().get('/login')
  t.equal(status, 429)
  t.ok(Number(headers['retry-after']) <= 60, String(headers['retry-after']))
})

t.test('asks the provider anew when the clock was moved, lest old keys seem fresh for as long', async t => {
  const provider = await countingProvider(t)
  const alone = await buildAlone(t, { IDP_ISSUER: provider.issuer })
  await alone.app.listen({ host: '127.0.0.1', port: 0 })
  const isReady = async () => (await alone.app.inject('/readyz')).statusCode === 200
  await until('the provider is found', isReady)
  for (const [index, offsetSeconds] of [day, 0].entries()) {
    await setClock(alone, offsetSeconds)
    t.ok(await isReady(), 'and goes by what it knows meanwhile')
    await until('it was asked again', () => provider.asked() === index + 2)
  }
})

/** No more of a provider than its metadata. */
async function countingProvider (t: Test) {
  let asked = 0
  const server = createServer((_request, response) => {
    asked++
    response.setHeader('content-type', 'application/json')
    const endpoints = { authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks` }
    response.end(JSON.stringify({ issuer, ...endpoints }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { server.close().closeAllConnections() })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { issuer, asked: () => asked }
}
