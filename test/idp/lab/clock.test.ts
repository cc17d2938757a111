import { decodeJwt } from 'jose'
import t from 'tap'
import { refusalOf, startIdp, Visitor } from '../helper.ts'

const later = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

// In a realm, since the clock at the root is that of this process.
t.test('lets a code expire', async t => {
  const idp = await (await startIdp(t)).realm('blue')
  const code = await idp.codeFor('alice')
  await idp.lab.clock.advance(61)
  t.match((await idp.redeem(idp.relyingParty, code)).json(), { error: 'invalid_grant', error_description: /expired/ })
})

t.test('lets access tokens, refresh tokens and sessions expire', async t => {
  const idp = await (await startIdp(t)).realm('blue')
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  const tokens = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  await idp.lab.clock.set(16 * 60)
  t.equal((await idp.userinfo(tokens.access_token)).statusCode, 401)
  t.equal(await visitor.isKnown(), true)
  const refreshed = await idp.refresh(idp.relyingParty, tokens.refresh_token!)
  t.equal(refreshed.statusCode, 200)
  await idp.lab.clock.set(9 * 3600)
  t.equal(await visitor.isKnown(), false)
  await idp.lab.clock.set(15 * 24 * 3600)
  t.equal((await idp.refresh(idp.relyingParty, refreshed.json().refresh_token)).statusCode, 400)
})

t.test('dates tokens by its clock, and by that of the system when it is put back', async t => {
  const idp = await (await startIdp(t)).realm('blue')
  // Not further back than its cookies live, or they would have expired for the browser when they come.
  await idp.lab.clock.set(-1800)
  const { iat, exp, auth_time: authTime } = decodeJwt((await idp.tokensFor('alice')).id_token)
  t.ok(Math.abs(iat! - later(-1800)) < 600)
  t.equal(exp! - iat!, 3600)
  t.ok(Math.abs(Number(authTime) - iat!) < 600)
  await idp.lab.clock.reset()
  t.ok(Math.abs(decodeJwt((await idp.tokensFor('alice')).id_token).iat! - later(0)) < 600)
})

t.test('dates its answers by its clock, for browsers to reckon how long a cookie is good', async t => {
  const idp = await (await startIdp(t)).realm('blue')
  await idp.lab.clock.set(-100_000)
  const { headers } = await idp.app.inject(idp.authorizationRequest(idp.relyingParty))
  t.ok(Math.abs(Date.parse(String(headers.date)) / 1000 - later(-100_000)) < 600)
})

t.test('adds up what it is advanced by, and not what it is set to', async t => {
  const { lab } = await (await startIdp(t)).realm('blue')
  await lab.clock.set(100)
  t.match(await lab.clock.set(100), { offsetSeconds: 100 })
  await lab.clock.advance(50)
  t.match(await lab.clock.advance(50), { offsetSeconds: 200 })
  t.match(await lab.clock.get(), { offsetSeconds: 200, now: /^\d{4}-\d\d-\d\dT/ })
})

t.test('moves the clock at the root, and says what became of the other services', async t => {
  const idp = await startIdp(t, { APP_URL: 'http://app.localhost:1', GENESYS_URL: 'http://genesys.localhost:1' })
  const code = await idp.codeFor('alice')
  const before = Date.now()
  const { services, offsetSeconds } = await idp.lab.clock.set(3600)
  t.equal(offsetSeconds, 3600)
  t.strictSame(services, { 'http://app.localhost:1': 'not reachable', 'http://genesys.localhost:1': 'not reachable' })
  t.ok(Date.now() - before >= 3600_000, 'in this process')
  t.equal((await idp.redeem(idp.relyingParty, code)).statusCode, 400)
  t.equal((await (await idp.realm('blue')).lab.clock.get()).offsetSeconds, 0, 'and not in a realm')
})

t.test('refuses a time further away than anything lasts, and leaves the clock as it is', async t => {
  const { lab } = await (await startIdp(t)).realm('blue')
  await lab.clock.set(100)
  t.match(await refusalOf(lab.clock.set(1e12)), { status: 400, description: /offsetSeconds/ })
  t.match(await refusalOf(lab.clock.set(null as never)), { status: 400, description: /number/ })
  t.match(await refusalOf(lab.clock.advance(315_576_000)), { status: 400 })
  t.equal((await lab.clock.get()).offsetSeconds, 100)
})
