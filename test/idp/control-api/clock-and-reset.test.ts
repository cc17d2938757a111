import { decodeJwt } from 'jose'
import t from 'tap'
import { refusalOf, startIdp, Visitor, type Idp } from '../helper.ts'

// Moving the clock at the root tells the services at these addresses.
const idp = await startIdp(t, { APP_URL: 'http://app.localhost:1', GENESYS_URL: 'http://genesys.localhost:1' })

const later = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

// In a realm, since the clock at the root is that of this process.
t.test('lets a code expire', async t => {
  const realm = await idp.newRealm()
  const code = await realm.codeFor('alice')
  await realm.lab.clock.advance(61)
  t.match((await realm.redeem(realm.relyingParty, code)).json(), { error: 'invalid_grant', error_description: /expired/ })
})

t.test('lets access tokens, refresh tokens and sessions expire', async t => {
  const realm = await idp.newRealm()
  const visitor = new Visitor(realm)
  await visitor.signIn('alice')
  const tokens = await realm.tokensFor('alice', realm.relyingParty, realm.offline)
  await realm.lab.clock.set(16 * 60)
  t.equal((await realm.userinfo(tokens.access_token)).statusCode, 401)
  t.equal(await visitor.isKnown(), true)
  const refreshed = await realm.refresh(realm.relyingParty, tokens.refresh_token!)
  t.equal(refreshed.statusCode, 200)
  await realm.lab.clock.set(9 * 3600)
  t.equal(await visitor.isKnown(), false)
  await realm.lab.clock.set(15 * 24 * 3600)
  t.equal((await realm.refresh(realm.relyingParty, refreshed.json().refresh_token)).statusCode, 400)
})

t.test('dates tokens by its clock, and by that of the system when it is put back', async t => {
  const realm = await idp.newRealm()
  // Not further back than its cookies live, or they would have expired for the browser when they come.
  await realm.lab.clock.set(-1800)
  const { iat, exp, auth_time: authTime } = decodeJwt((await realm.tokensFor('alice')).id_token)
  t.ok(Math.abs(iat! - later(-1800)) < 600)
  t.equal(exp! - iat!, 3600)
  t.ok(Math.abs(Number(authTime) - iat!) < 600)
  await realm.lab.clock.reset()
  t.ok(Math.abs(decodeJwt((await realm.tokensFor('alice')).id_token).iat! - later(0)) < 600)
})

t.test('dates its answers by its clock, for browsers to reckon how long a cookie is good', async t => {
  const realm = await idp.newRealm()
  await realm.lab.clock.set(-100_000)
  const { headers } = await realm.app.inject(realm.authorizationRequest(realm.relyingParty))
  t.ok(Math.abs(Date.parse(String(headers.date)) / 1000 - later(-100_000)) < 600)
})

t.test('adds up what it is advanced by, and not what it is set to', async t => {
  const { lab } = await idp.newRealm()
  await lab.clock.set(100)
  t.match(await lab.clock.set(100), { offsetSeconds: 100 })
  await lab.clock.advance(50)
  t.match(await lab.clock.advance(50), { offsetSeconds: 200 })
  t.match(await lab.clock.get(), { offsetSeconds: 200, now: /^\d{4}-\d\d-\d\dT/ })
})

t.test('moves the clock at the root, and says what became of the other services', async t => {
  const code = await idp.codeFor('alice')
  const before = Date.now()
  const { services, offsetSeconds } = await idp.lab.clock.set(3600)
  t.equal(offsetSeconds, 3600)
  t.strictSame(services, { 'http://app.localhost:1': 'not reachable', 'http://genesys.localhost:1': 'not reachable' })
  t.ok(Date.now() - before >= 3600_000, 'in this process')
  t.equal((await idp.redeem(idp.relyingParty, code)).statusCode, 400)
  t.equal((await (await idp.newRealm()).lab.clock.get()).offsetSeconds, 0, 'and not in a realm')
  await idp.lab.clock.reset()
})

t.test('refuses a time further away than anything lasts, and leaves the clock as it is', async t => {
  const { lab } = await idp.newRealm()
  await lab.clock.set(100)
  t.match(await refusalOf(lab.clock.set(1e12)), { status: 400, description: /offsetSeconds/ })
  t.match(await refusalOf(lab.clock.set(null as never)), { status: 400, description: /number/ })
  t.match(await refusalOf(lab.clock.advance(315_576_000)), { status: 400 })
  t.equal((await lab.clock.get()).offsetSeconds, 100)
})

const shape = async ({ lab }: Idp) => ({
  users: await lab.users.list(),
  clients: await lab.clients.list(),
  keys: await lab.keys.list(),
  settings: await lab.settings.get(),
  faults: await lab.faults.active(),
  offset: (await lab.clock.get()).offsetSeconds,
  exchanges: (await lab.ledger.query()).count
})

async function disturb ({ lab }: Idp) {
  await lab.users.put('zoe')
  await lab.users.remove('bob')
  await lab.clients.patch('relying-party', { permissive: true, id_token_signed_response_alg: 'ES256' })
  await lab.keys.rotate()
  await lab.settings.patch({ dynamic_client_registration: true, scopes: { loyalty: ['tier'] } })
  await lab.faults.switchOn('id-token-alg-none', { count: 3 })
  await lab.clock.set(1000)
}

t.test('puts everything back by one call', async t => {
  await idp.lab.ledger.clear()
  const before = await shape(idp)
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  const { access_token: accessToken } = await idp.tokensFor('alice')
  await idp.newRealm()
  await disturb(idp)
  t.strictSame(await idp.lab.reset(), {
    done: 'Users, clients, settings, keys, faults, clock and ledger; nobody is signed in, and no code or token works any more; ' +
      'there are no realms.',
    services: { 'http://app.localhost:1': 'not reachable', 'http://genesys.localhost:1': 'not reachable' }
  })
  t.strictSame(await shape(idp), { ...before, keys: (await shape(idp)).keys })
  t.equal((await idp.lab.keys.list()).find(({ alg }) => alg === 'RS256')!.kid, before.keys[0]!.kid)
  t.strictSame(await idp.lab.realms.list(), [])
  t.equal(await visitor.isKnown(), false, 'nobody is signed in')
  t.equal((await idp.userinfo(accessToken)).statusCode, 401, 'no token works')
  t.ok((await idp.tokensFor('alice')).id_token, 'and everything goes on')
})

t.test('puts one issuer back alone', async t => {
  const [blue, green] = [await idp.newRealm(), await idp.newRealm()]
  const before = await shape(blue)
  await disturb(blue)
  await disturb(green)
  const left = await shape(green)
  await blue.lab.reset()
  t.strictSame(await shape(blue), { ...before, keys: (await shape(blue)).keys })
  t.strictSame(await shape(green), left)
})

t.test('can be asked to twice', async t => {
  const { lab } = await idp.newRealm()
  await lab.reset()
  await t.resolves(lab.reset())
})
