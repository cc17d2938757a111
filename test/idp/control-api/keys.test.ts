import { calculateJwkThumbprint, createLocalJWKSet, decodeProtectedHeader, exportJWK, generateKeyPair, jwtVerify } from 'jose'
import t from 'tap'
import { FileSecrets } from '#lib/store/sqlite/file-secrets.ts'
import { IssuerKeys } from '../../../services/idp/state/issuer-keys.ts'
import { refusalOf, startIdp, Visitor, type Idp } from '../helper.ts'

const idp = await startIdp(t)

const jwks = async (idp: Idp) => (await idp.get('/jwks')).json() as { keys: { kid: string, d?: string }[] }
const kids = async (idp: Idp) => (await jwks(idp)).keys.map(({ kid }) => kid)
const verify = async (idp: Idp, idToken: string) => jwtVerify(idToken, createLocalJWKSet(await jwks(idp)))
const kidOf = (idToken: string) => decodeProtectedHeader(idToken).kid!

t.test('signs with another key after a rotation, and still publishes the one before', async t => {
  const realm = await idp.newRealm()
  const before = (await realm.tokensFor('alice')).id_token
  const { kid } = await realm.lab.keys.rotate()
  const after = (await realm.tokensFor('alice')).id_token
  t.equal(kidOf(after), kid)
  t.not(kidOf(before), kid)
  await t.resolves(verify(realm, before))
  await t.resolves(verify(realm, after))
  t.match(await realm.lab.keys.list(), [{ kid, stage: 'current' }, { kid: kidOf(before), stage: 'previous', published: true }])
})

t.test('takes an ID token from before a rotation as a hint still', async t => {
  const realm = await idp.newRealm()
  const visitor = new Visitor(realm)
  const { location } = await visitor.signIn('alice')
  const { id_token: hint } = (await realm.redeem(realm.relyingParty, location!.searchParams.get('code')!)).json()
  await realm.lab.keys.rotate()
  t.match((await visitor.open(`/session/end?id_token_hint=${hint}`)).text, 'You are signed out')
  await realm.lab.keys.retire(kidOf(hint))
  t.equal((await visitor.open(`/session/end?id_token_hint=${hint}`)).status, 400, 'and not when its key is retired')
})

t.test('publishes the next key before it signs with it', async t => {
  const realm = await idp.newRealm()
  const { kid, stage } = await realm.lab.keys.publishNext()
  t.equal(stage, 'next')
  t.equal((await realm.lab.keys.publishNext()).kid, kid, 'the same when it is asked for again')
  t.ok((await kids(realm)).includes(kid))
  t.not(kidOf((await realm.tokensFor('alice')).id_token), kid)
  t.equal((await realm.lab.keys.rotate()).kid, kid)
  t.equal(kidOf((await realm.tokensFor('alice')).id_token), kid)
})

t.test('leaves an unpublished key out of the JWK set, although it signs', async t => {
  const realm = await idp.newRealm()
  const [kid] = await kids(realm)
  await realm.lab.keys.unpublish(kid!)
  const { id_token: idToken } = await realm.tokensFor('alice')
  t.equal(kidOf(idToken), kid)
  t.strictSame(await kids(realm), [])
  await t.rejects(verify(realm, idToken))
  await realm.lab.keys.publish(kid!)
  await t.resolves(verify(realm, idToken))
})

t.test('retires a key that is not in use, and not the one that is', async t => {
  const realm = await idp.newRealm()
  const [first] = await kids(realm)
  t.match(await refusalOf(realm.lab.keys.retire(first!)), { status: 409, error: 'conflict', description: /rotate first/ })
  await realm.lab.keys.rotate()
  await realm.lab.keys.retire(first!)
  await realm.lab.keys.retire(first!)
  t.notOk((await kids(realm)).includes(first!))
})

t.test('rotates the keys of one algorithm alone', async t => {
  const realm = await idp.newRealm()
  await realm.lab.clients.patch('genesys-messenger', { id_token_signed_response_alg: 'ES256' })
  const before = kidOf((await realm.tokensFor('alice')).id_token)
  const { kid } = await realm.lab.keys.rotate('ES256')
  t.equal(kidOf((await realm.tokensFor('alice')).id_token), before)
  t.equal(kidOf((await realm.tokensFor('alice', realm.genesys)).id_token), kid)
  const current = (await realm.lab.keys.list()).filter(({ stage }) => stage === 'current')
  t.strictSame(current.map(key => key.kid).sort(), [before, kid].sort())
})

t.test('does not publish more and more keys', async t => {
  const realm = await idp.newRealm()
  await realm.lab.clients.patch('relying-party', { id_token_signed_response_alg: 'ES256' })
  for (let round = 0; round < 30; round++) await realm.lab.keys.rotate('ES256')
  const { keys } = await jwks(realm)
  t.ok(keys.length <= 23, `${keys.length} keys`)
})

t.test('tells nobody a private key', async t => {
  const realm = await idp.newRealm()
  await realm.lab.keys.rotate()
  await realm.lab.keys.publishNext('EdDSA')
  for (const key of (await jwks(realm)).keys) t.notOk(['d', 'p', 'q', 'dp', 'dq', 'qi'].some(name => name in key))
  t.notMatch(JSON.stringify(await realm.lab.keys.list()), /"d"/)
})

t.test('has its keys as they were left after a restart, and puts them back', async t => {
  const stateFolder = t.testdir({})
  const first = await startIdp(t, { STATE_DIR: stateFolder })
  const original = await first.lab.keys.list()
  await first.lab.keys.rotate()
  await first.lab.keys.retire(original[0]!.kid)
  await first.lab.keys.publishNext()
  const left = await first.lab.keys.list()
  await first.app.close()
  const second = await startIdp(t, { STATE_DIR: stateFolder })
  t.strictSame(await second.lab.keys.list(), left)
  await second.lab.keys.reset()
  t.strictSame(await second.lab.keys.list(), original)
  t.equal(kidOf((await second.tokensFor('alice')).id_token), original[0]!.kid)
})

t.test('says of a key that there is not that there is none', async t => {
  const { lab } = await idp.newRealm()
  t.match(await refusalOf(lab.keys.publish('nobody')), { status: 404, error: 'not_found' })
  t.match(await refusalOf(lab.keys.rotate('HS256' as never)), { status: 400, description: /RS256, ES256, PS256, EdDSA/ })
})

t.test('keys for several algorithms that are asked for at once are all there', async t => {
  const keys = await IssuerKeys.open(new FileSecrets(t.testdir({})), { lab: true, algorithms: [] })
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
  const keys = await IssuerKeys.open(new FileSecrets(t.testdir({})), { lab: true, algorithms: [] })
  const made = await Promise.all([keys.rotate('RS256'), keys.rotate('RS256'), keys.ensure('ES256')])
  t.not(made[0].kid, made[1].kid)
  t.equal(keys.current('RS256').kid, made[1].kid)
})

t.test('the key of a state folder from before keys could be changed outlives a reset', async t => {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  const kid = await calculateJwkThumbprint(jwk)
  const folder = t.testdir({ 'signing-keys.json': JSON.stringify({ keys: [{ ...jwk, alg: 'RS256', use: 'sig', kid }] }) })
  const keys = await IssuerKeys.open(new FileSecrets(folder), { lab: true, algorithms: ['RS256'] })
  await keys.rotate('RS256')
  await keys.reset()
  t.strictSame(keys.all.map(key => [key.kid, key.stage]), [[kid, 'current']])
})

t.test('publishes what it signs with outside the lab, whatever the lab had unpublished', async t => {
  const folder = t.testdir({})
  const inLab = await startIdp(t, { STATE_DIR: folder })
  const { kid } = (await inLab.lab.keys.list())[0]!
  await inLab.lab.keys.unpublish(kid)
  await inLab.app.close()
  const outside = await startIdp(t, { STATE_DIR: folder, LAB: 'false' })
  t.strictSame((await outside.get('/jwks')).json().keys.map((key: { kid: string }) => key.kid), [kid])
})
