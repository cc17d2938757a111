import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import t from 'tap'
import { refusalOf, startIdp, Visitor, type Idp } from '../helper.ts'

const jwks = async (idp: Idp) => (await idp.app.inject('/jwks')).json() as { keys: { kid: string, d?: string }[] }
const kids = async (idp: Idp) => (await jwks(idp)).keys.map(({ kid }) => kid)
const verify = async (idp: Idp, idToken: string) => jwtVerify(idToken, createLocalJWKSet(await jwks(idp)))
const kidOf = (idToken: string) => decodeProtectedHeader(idToken).kid!

t.test('signs with another key after a rotation, and still publishes the one before', async t => {
  const idp = await startIdp(t)
  const before = (await idp.tokensFor('alice')).id_token
  const { kid } = await idp.lab.keys.rotate()
  const after = (await idp.tokensFor('alice')).id_token
  t.equal(kidOf(after), kid)
  t.not(kidOf(before), kid)
  await t.resolves(verify(idp, before))
  await t.resolves(verify(idp, after))
  t.match(await idp.lab.keys.list(), [{ kid, stage: 'current' }, { kid: kidOf(before), stage: 'previous', published: true }])
})

t.test('takes an ID token from before a rotation as a hint still', async t => {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  const { location } = await visitor.signIn('alice')
  const { id_token: hint } = (await idp.redeem(idp.relyingParty, location!.searchParams.get('code')!)).json()
  await idp.lab.keys.rotate()
  t.match((await visitor.open(`/session/end?id_token_hint=${hint}`)).text, 'Sign out of Tern ID?')
  await idp.lab.keys.retire(kidOf(hint))
  t.equal((await visitor.open(`/session/end?id_token_hint=${hint}`)).status, 400, 'and not when its key is retired')
})

t.test('publishes the next key before it signs with it', async t => {
  const idp = await startIdp(t)
  const { kid, stage } = await idp.lab.keys.publishNext()
  t.equal(stage, 'next')
  t.equal((await idp.lab.keys.publishNext()).kid, kid, 'the same when it is asked for again')
  t.ok((await kids(idp)).includes(kid))
  t.not(kidOf((await idp.tokensFor('alice')).id_token), kid)
  t.equal((await idp.lab.keys.rotate()).kid, kid)
  t.equal(kidOf((await idp.tokensFor('alice')).id_token), kid)
})

t.test('leaves an unpublished key out of the JWK set, although it signs', async t => {
  const idp = await startIdp(t)
  const [kid] = await kids(idp)
  await idp.lab.keys.unpublish(kid!)
  const { id_token: idToken } = await idp.tokensFor('alice')
  t.equal(kidOf(idToken), kid)
  t.strictSame(await kids(idp), [])
  await t.rejects(verify(idp, idToken))
  await idp.lab.keys.publish(kid!)
  await t.resolves(verify(idp, idToken))
})

t.test('retires a key that is not in use, and not the one that is', async t => {
  const idp = await startIdp(t)
  const [first] = await kids(idp)
  t.match(await refusalOf(idp.lab.keys.retire(first!)), { status: 409, error: 'conflict', description: /rotate first/ })
  await idp.lab.keys.rotate()
  await idp.lab.keys.retire(first!)
  await idp.lab.keys.retire(first!)
  t.notOk((await kids(idp)).includes(first!))
})

t.test('rotates the keys of one algorithm alone', async t => {
  const idp = await startIdp(t)
  await idp.lab.clients.patch('genesys-messenger', { id_token_signed_response_alg: 'ES256' })
  const before = kidOf((await idp.tokensFor('alice')).id_token)
  const { kid } = await idp.lab.keys.rotate('ES256')
  t.equal(kidOf((await idp.tokensFor('alice')).id_token), before)
  t.equal(kidOf((await idp.tokensFor('alice', idp.genesys)).id_token), kid)
  const current = (await idp.lab.keys.list()).filter(({ stage }) => stage === 'current')
  t.strictSame(current.map(key => key.kid).sort(), [before, kid].sort())
})

t.test('does not publish more and more keys', async t => {
  const idp = await startIdp(t)
  await idp.lab.clients.patch('relying-party', { id_token_signed_response_alg: 'ES256' })
  for (let round = 0; round < 30; round++) await idp.lab.keys.rotate('ES256')
  const { keys } = await jwks(idp)
  t.ok(keys.length <= 23, `${keys.length} keys`)
})

t.test('tells nobody a private key', async t => {
  const idp = await startIdp(t)
  await idp.lab.keys.rotate()
  await idp.lab.keys.publishNext('EdDSA')
  for (const key of (await jwks(idp)).keys) t.notOk(['d', 'p', 'q', 'dp', 'dq', 'qi'].some(name => name in key))
  t.notMatch(JSON.stringify(await idp.lab.keys.list()), /"d"/)
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
  const idp = await startIdp(t, { STATE_DIR: stateFolder })
  t.strictSame(await idp.lab.keys.list(), left)
  await idp.lab.keys.reset()
  t.strictSame(await idp.lab.keys.list(), original)
  t.equal(kidOf((await idp.tokensFor('alice')).id_token), original[0]!.kid)
})

t.test('says of a key that there is not that there is none', async t => {
  const { lab } = await startIdp(t)
  t.match(await refusalOf(lab.keys.publish('nobody')), { status: 404, error: 'not_found' })
  t.match(await refusalOf(lab.keys.rotate('HS256' as never)), { status: 400, description: /RS256, ES256, PS256, EdDSA/ })
})
