import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import t from 'tap'
import { createLedger } from '#lib/ledger.ts'
import { SigningKeys } from '../../../services/idp/keys.ts'
import { refusalOf, startIdp } from '../helper.ts'

t.test('keys for several algorithms that are asked for at once are all there', async t => {
  const keys = await SigningKeys.open(t.testdir({}), { lab: true, algorithms: [] })
  await Promise.all([
    keys.ensure('ES256'), keys.ensure('PS256'), keys.ensure('ES256'),
    keys.publishNext('RS256'), keys.publishNext('RS256')
  ])
  t.strictSame(
    keys.all.map(({ alg, stage }) => `${alg} ${stage}`).toSorted(),
    ['ES256 current', 'PS256 current', 'RS256 current', 'RS256 next']
  )
})

t.test('each of several rotations at once makes a key', async t => {
  const keys = await SigningKeys.open(t.testdir({}), { lab: true, algorithms: [] })
  const made = await Promise.all([keys.rotate('RS256'), keys.rotate('RS256'), keys.ensure('ES256')])
  t.not(made[0].kid, made[1].kid)
  t.equal(keys.current('RS256').kid, made[1].kid)
})

t.test('the key of a state folder from before keys could be changed outlives a reset', async t => {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  const kid = await calculateJwkThumbprint(jwk)
  const folder = t.testdir({ 'signing-keys.json': JSON.stringify({ keys: [{ ...jwk, alg: 'RS256', use: 'sig', kid }] }) })
  const keys = await SigningKeys.open(folder, { lab: true, algorithms: ['RS256'] })
  await keys.rotate('RS256')
  keys.reset()
  t.strictSame(keys.all.map(key => [key.kid, key.stage]), [[kid, 'current']])
})

t.test('what was changed in a lab does not count without one', async t => {
  const folder = t.testdir({})
  const lab = await startIdp(t, { STATE_DIR: folder })
  await lab.lab.settings.patch({ dynamic_client_registration: true })
  await lab.lab.users.put('mallory')
  await lab.lab.clients.patch('relying-party', { redirect_uris: ['http://elsewhere.example/callback'] })
  await lab.app.close()
  const idp = await startIdp(t, { STATE_DIR: folder, LAB: 'false' })
  const registration = await idp.app.inject({
    method: 'POST', url: '/reg', payload: { redirect_uris: ['http://elsewhere.example/'] }
  })
  t.equal(registration.statusCode, 404)
  const request = await idp.app.inject(idp.authorizationRequest(idp.relyingParty, {
    redirect_uri: 'http://elsewhere.example/callback'
  }))
  t.equal(request.statusCode, 400)
})

t.test('a realm with a client that cannot be is not made', async t => {
  const idp = await startIdp(t)
  const client = { ...idp.relyingParty, redirect_uris: ['http://['] }
  t.match(await refusalOf(idp.lab.realms.make('broken', { clients: [client] })), { status: 400, error: 'invalid_request' })
  const [user] = idp.config.users
  const twins = await refusalOf(idp.lab.realms.make('broken', { users: [user!, { ...user!, username: 'twin' }] }))
  t.match(twins, { status: 400, description: /sub .* twice/ })
  t.strictSame(await idp.lab.realms.list(), [])
})

t.test('a realm has nothing of one that was half removed', async t => {
  const folder = t.testdir({})
  const left = join(folder, 'idp', 'realms', 'again')
  mkdirSync(left, { recursive: true })
  writeFileSync(join(left, 'idp.sqlite'), 'not a database')
  const idp = await startIdp(t, { STATE_DIR: folder })
  t.strictSame(readdirSync(join(folder, 'idp', 'realms')), [])
  const realm = await idp.realm('again')
  t.ok((await realm.tokensFor('alice')).id_token)
})

t.test('changes to one user at once are all kept', async t => {
  const idp = await startIdp(t)
  await Promise.all([1, 2, 3].map(number => idp.lab.users.patch('alice', { claims: { [`claim_${number}`]: number } })))
  t.match((await idp.lab.users.get('alice')).claims, { claim_1: 1, claim_2: 2, claim_3: 3 })
})

t.test('a bad time to end, a body that is nested deep and a name that every object has are refused', async t => {
  const idp = await startIdp(t)
  t.match(await refusalOf(idp.lab.faults.switchOn('id-token-expired', { expiresIn: 1e300 })), { status: 400 })
  const deep = JSON.parse('['.repeat(200) + ']'.repeat(200)) as unknown
  t.match(await refusalOf(idp.lab.users.put('deep', { claims: { deep } })), { status: 400 })
  t.match(await refusalOf(idp.lab.users.put('deep', { claims: { constructor: 'x' } })), { status: 400 })
})

t.test('the ledger has a bound for what its entries hold together', async t => {
  const ledger = createLedger({ maxLength: 10_000 })
  for (let number = 0; number < 10; number++) {
    ledger.record({
      time: '',
      from: 'a',
      to: 'b',
      method: 'POST',
      endpoint: 'token',
      path: '/token',
      parameters: { large: 'x'.repeat(3000) },
      status: 200,
      answer: {},
      faults: [],
      violations: [],
      durationMs: 0
    })
  }
  t.match(ledger.query(), { count: 3, forgotten: 7 })
})

t.test('a stream is nothing for HEAD', async t => {
  const idp = await startIdp(t)
  const { host } = new URL(idp.config.issuer)
  t.equal((await idp.app.inject({ method: 'HEAD', url: '/lab/ledger/events', headers: { host } })).statusCode, 404)
})

t.test('publishes what it signs with outside the lab, whatever the lab had unpublished', async t => {
  const folder = t.testdir({})
  const lab = await startIdp(t, { STATE_DIR: folder })
  const { kid } = (await lab.lab.keys.list())[0]!
  await lab.lab.keys.unpublish(kid)
  await lab.app.close()
  const idp = await startIdp(t, { STATE_DIR: folder, LAB: 'false' })
  t.strictSame((await idp.app.inject('/jwks')).json().keys.map((key: { kid: string }) => key.kid), [kid])
})

t.test('says which file is broken when it cannot read a realm', async t => {
  const folder = t.testdir({ idp: { realms: { blue: { 'realm.json': '{' } } } })
  await t.rejects(startIdp(t, { STATE_DIR: folder }), { message: /blue\/realm\.json cannot be read/ })
})

t.test('finds a realm by its name in whatever way that is encoded', async t => {
  const idp = await startIdp(t)
  const green = await idp.realm('green')
  const response = await idp.app.inject('/realms/%67reen/.well-known/openid-configuration')
  t.equal(response.statusCode, 200)
  t.equal(response.json().issuer, green.lab.issuer)
})
