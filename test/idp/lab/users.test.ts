import { decodeJwt } from 'jose'
import t from 'tap'
import { refusalOf, startIdp, Visitor } from '../helper.ts'

t.test('lets somebody who was added a moment ago sign in', async t => {
  const idp = await startIdp(t)
  const zoe = await idp.lab.users.put('zoe', { claims: { name: 'Zoë Zimmer', email: 'zoe@example.org' } })
  t.match(zoe, { username: 'zoe', password: 'zoe-lab', disabled: false })
  const visitor = new Visitor(idp)
  const page = await visitor.open(idp.authorizationRequest(idp.relyingParty))
  t.match(page.text, 'Zoë Zimmer', 'the sign-in page offers them')
  const { location } = await visitor.submit(page, { username: 'zoe', password: 'zoe-lab' }, 'Sign in')
  const tokens = (await idp.redeem(idp.relyingParty, location!.searchParams.get('code')!)).json()
  t.equal(decodeJwt(tokens.id_token).sub, zoe.sub)
  t.match((await idp.userinfo(tokens.access_token)).json(), { name: 'Zoë Zimmer', email: 'zoe@example.org' })
})

t.test('gives somebody who is added twice the same subject, whatever the rest', async t => {
  const { lab } = await startIdp(t)
  const first = await lab.users.put('zoe')
  const second = await lab.users.put('zoe', { password: 'another' })
  t.equal(second.sub, first.sub)
  t.equal((await lab.users.list()).filter(({ username }) => username === 'zoe').length, 1)
})

t.test('tells changed claims to whoever asks for them from then on', async t => {
  const idp = await startIdp(t)
  const { access_token: accessToken } = await idp.tokensFor('alice')
  await idp.lab.users.patch('alice', { claims: { name: 'Alice Ahlberg', zoneinfo: null } })
  const claims = (await idp.userinfo(accessToken)).json()
  t.equal(claims.name, 'Alice Ahlberg')
  t.notOk('zoneinfo' in claims)
  t.notOk('zoneinfo' in (await idp.lab.users.get('alice')).claims)
  t.equal(claims.email, 'alice@example.org', 'and leaves the rest')
})

t.test('has claims of any shape, for whoever asks for them by name', async t => {
  const idp = await startIdp(t)
  const moorings = { tier: 'gold', since: 2019, boats: ['Pintail', 'Avocet'], active: true }
  const claims = JSON.stringify({ userinfo: { moorings: null }, id_token: { moorings: { essential: true } } })
  await idp.lab.clients.patch('relying-party', { id_token_claims: ['moorings'] })
  const announced = async () =>
    (await idp.app.inject('/.well-known/openid-configuration')).json().claims_supported.includes('moorings')
  t.equal(await announced(), false, 'not before somebody has it')
  await idp.lab.users.patch('bob', { claims: { moorings } })
  t.equal(await announced(), true)
  const tokens = await idp.tokensFor('bob', idp.relyingParty, { claims })
  t.same(decodeJwt(tokens.id_token)['moorings'], moorings)
  t.same((await idp.userinfo(tokens.access_token)).json().moorings, moorings)
})

t.test('signs in somebody whose user name is an email address', async t => {
  const idp = await startIdp(t)
  const username = 'zoe.zimmer+tests@example.org'
  t.match(await idp.lab.users.put(username, { claims: { name: 'Zoe' } }), { username, password: `${username}-lab` })
  const visitor = new Visitor(idp)
  const page = await visitor.open(idp.authorizationRequest(idp.relyingParty))
  const { location } = await visitor.submit(page, { username, password: `${username}-lab` }, 'Sign in')
  const tokens = (await idp.redeem(idp.relyingParty, location!.searchParams.get('code')!)).json()
  t.equal(decodeJwt(tokens.id_token).sub, (await idp.lab.users.get(username)).sub)

  await idp.lab.users.patch(username, { sign_in_by_hint: true })
  const hinted = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty, { login_hint: username }))
  t.equal(hinted.location?.searchParams.has('code'), true, 'also by hint')
  await idp.lab.users.remove(username)
  t.match(await refusalOf(idp.lab.users.get(username)), { status: 404 })
})

t.test('replaces a claim that is an object as a whole, and leaves the other claims', async t => {
  const idp = await startIdp(t)
  await idp.lab.users.patch('alice', {
    claims: { moorings: { north: { berth: 4 }, south: { berth: 7 } } },
    client_claims: { shop: { moorings: { north: 1, south: 2 } } }
  })
  const { claims, client_claims: forClients } = await idp.lab.users.patch('alice', {
    claims: { moorings: { north: { length: 9 } } }, client_claims: { shop: { moorings: { north: 3 }, name: null } }
  })
  t.strictSame(claims['moorings'], { north: { length: 9 } })
  t.equal(claims['name'], 'Alice Anders')
  t.strictSame(forClients, { shop: { moorings: { north: 3 }, name: null } })
  t.match(await idp.lab.users.get('alice'), { claims, client_claims: forClients })
})

t.test('tells one client other claims than the rest', async t => {
  const idp = await startIdp(t)
  await idp.lab.users.patch('alice', { client_claims: { 'genesys-messenger': { name: 'A. A.', given_name: null } } })
  const forGenesys = decodeJwt((await idp.tokensFor('alice', idp.genesys)).id_token)
  t.equal(forGenesys['name'], 'A. A.')
  t.notOk('given_name' in forGenesys)
  const { access_token: accessToken } = await idp.tokensFor('alice')
  t.match((await idp.userinfo(accessToken)).json(), { name: 'Alice Anders', given_name: 'Alice' })
})

t.test('signs out whoever is disabled, and lets them in again when they are enabled', async t => {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  const { access_token: accessToken } = await idp.tokensFor('alice')
  await idp.lab.users.disable('alice')
  t.equal(await visitor.isKnown(), false)
  t.equal((await idp.userinfo(accessToken)).statusCode, 401)
  t.match((await new Visitor(idp).signIn('alice')).text, 'do not match an account')
  t.match(await idp.lab.users.enable('alice'), { username: 'alice', disabled: false })
  t.ok((await new Visitor(idp).signIn('alice')).location?.searchParams.has('code'))
})

t.test('forgets somebody who was removed', async t => {
  const idp = await startIdp(t)
  const { access_token: accessToken } = await idp.tokensFor('bob')
  await idp.lab.users.remove('bob')
  await idp.lab.users.remove('bob')
  t.match(await refusalOf(idp.lab.users.get('bob')), { status: 404, error: 'not_found' })
  t.equal((await idp.userinfo(accessToken)).statusCode, 401)
})

t.test('puts all users back, for good', async t => {
  const stateFolder = t.testdir({})
  const idp = await startIdp(t, { STATE_DIR: stateFolder })
  const before = await idp.lab.users.list()
  await idp.lab.users.put('zoe')
  await idp.lab.users.remove('bob')
  await idp.lab.users.patch('alice', { claims: { name: 'Somebody' } })
  await idp.lab.users.reset()
  t.strictSame(await idp.lab.users.list(), before)
  await idp.app.close()
  t.strictSame(await (await startIdp(t, { STATE_DIR: stateFolder })).lab.users.list(), before, 'also after a restart')
})

t.test('still knows after a restart who was added and who was removed', async t => {
  const stateFolder = t.testdir({})
  const idp = await startIdp(t, { STATE_DIR: stateFolder })
  await idp.lab.users.put('zoe')
  await idp.lab.users.remove('bob')
  await idp.app.close()
  const { lab } = await startIdp(t, { STATE_DIR: stateFolder })
  const names = (await lab.users.list()).map(({ username }) => username)
  t.ok(names.includes('zoe'))
  t.notOk(names.includes('bob'))
})

const refused: [string, string, Record<string, unknown>, number, RegExp][] = [
  ['a member that there is not', 'zoe', { nme: 'Zoë' }, 400, /nme: there is no such member/],
  ['a flag that is neither true nor false', 'zoe', { disabled: 'true' }, 400, /body\.disabled: must be boolean/],
  [
    'a claim that the provider itself makes', 'zoe', { claims: { iss: 'http://elsewhere' } },
    400, /claims\.iss: there is no such member/
  ],
  ['a subject with a space', 'zoe', { sub: 'a b' }, 400, /body\.sub: must match pattern/],
  ['a subject that is somebody else\'s', 'zoe', { sub: 'usr-7f3a91c0' }, 409, /belongs to alice/],
  ['a name that nobody could type', 'Zoë!', {}, 400, /username/]
]
for (const [label, username, fields, status, description] of refused) {
  t.test(`refuses ${label}, and changes nothing`, async t => {
    const { lab } = await startIdp(t)
    const before = await lab.users.list()
    t.match(await refusalOf(lab.users.put(username, fields)), { status, description })
    t.strictSame(await lab.users.list(), before)
  })
}

t.test('refuses to change somebody who is not there', async t => {
  const { lab } = await startIdp(t)
  for (const call of [() => lab.users.patch('zoe', {}), () => lab.users.disable('zoe'), () => lab.users.enable('zoe')]) {
    t.match(await refusalOf(call()), { status: 404, error: 'not_found' })
  }
})
