import t from 'tap'
import { startIdp, Visitor, type Idp } from '../helper.ts'

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
  const idp = await startIdp(t, { APP_URL: 'http://app.localhost:1', GENESYS_URL: 'http://genesys.localhost:1' })
  const before = await shape(idp)
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  const { access_token: accessToken } = await idp.tokensFor('alice')
  await idp.lab.realms.make('blue')
  await disturb(idp)
  t.match(await idp.lab.reset(), { services: Object })
  t.strictSame(await shape(idp), { ...before, keys: (await shape(idp)).keys })
  t.equal((await idp.lab.keys.list()).find(({ alg }) => alg === 'RS256')!.kid, before.keys[0]!.kid)
  t.strictSame(await idp.lab.realms.list(), [])
  t.equal(await visitor.isKnown(), false, 'nobody is signed in')
  t.equal((await idp.userinfo(accessToken)).statusCode, 401, 'no token works')
  t.ok((await idp.tokensFor('alice')).id_token, 'and everything goes on')
})

t.test('puts one issuer back alone', async t => {
  const idp = await startIdp(t)
  const [blue, green] = [await idp.realm('blue'), await idp.realm('green')]
  const before = await shape(blue)
  await disturb(blue)
  await disturb(green)
  const left = await shape(green)
  await blue.lab.reset()
  t.strictSame(await shape(blue), { ...before, keys: (await shape(blue)).keys })
  t.strictSame(await shape(green), left)
})

t.test('can be asked to twice', async t => {
  const { lab } = await (await startIdp(t)).realm('blue')
  await lab.reset()
  await t.resolves(lab.reset())
})
