import { decodeJwt, decodeProtectedHeader } from 'jose'
import t from 'tap'
import { Idp, refusalOf, startIdp, Visitor } from '../helper.ts'

const stateFolder = t.testdir({})
const idp = await startIdp(t, { STATE_DIR: stateFolder })

t.test('lets somebody who was added a moment ago sign in', async t => {
  const realm = await idp.newRealm()
  const zoe = await realm.lab.users.put('zoe', { claims: { name: 'Zoë Zimmer', email: 'zoe@example.org' } })
  t.match(zoe, { username: 'zoe', password: 'zoe-lab', disabled: false })
  const visitor = new Visitor(realm)
  const page = await visitor.open(realm.authorizationRequest(realm.relyingParty))
  t.match(page.text, 'Zoë Zimmer', 'the sign-in page offers them')
  const { location } = await visitor.submit(page, { username: 'zoe', password: 'zoe-lab' }, 'Sign in')
  const tokens = (await realm.redeem(realm.relyingParty, location!.searchParams.get('code')!)).json()
  t.equal(decodeJwt(tokens.id_token).sub, zoe.sub)
  t.match((await realm.userinfo(tokens.access_token)).json(), { name: 'Zoë Zimmer', email: 'zoe@example.org' })
})

t.test('gives somebody who is added twice the same subject, whatever the rest', async t => {
  const { lab } = await idp.newRealm()
  const first = await lab.users.put('zoe')
  const second = await lab.users.put('zoe', { password: 'another' })
  t.equal(second.sub, first.sub)
  t.equal((await lab.users.list()).filter(({ username }) => username === 'zoe').length, 1)
})

t.test('tells changed claims to whoever asks for them from then on', async t => {
  const realm = await idp.newRealm()
  const { access_token: accessToken } = await realm.tokensFor('alice')
  await realm.lab.users.patch('alice', { claims: { name: 'Alice Ahlberg', zoneinfo: null } })
  const claims = (await realm.userinfo(accessToken)).json()
  t.equal(claims.name, 'Alice Ahlberg')
  t.notOk('zoneinfo' in claims)
  t.notOk('zoneinfo' in (await realm.lab.users.get('alice')).claims)
  t.equal(claims.email, 'alice@example.org', 'and leaves the rest')
})

t.test('has claims of any shape, for whoever asks for them by name', async t => {
  const realm = await idp.newRealm()
  const moorings = { tier: 'gold', since: 2019, boats: ['Pintail', 'Avocet'], active: true }
  const claims = JSON.stringify({ userinfo: { moorings: null }, id_token: { moorings: { essential: true } } })
  await realm.lab.clients.patch('relying-party', { id_token_claims: ['moorings'] })
  const announced = async () =>
    (await realm.get('/.well-known/openid-configuration')).json().claims_supported.includes('moorings')
  t.equal(await announced(), false, 'not before somebody has it')
  await realm.lab.users.patch('bob', { claims: { moorings } })
  t.equal(await announced(), true)
  const tokens = await realm.tokensFor('bob', realm.relyingParty, { claims })
  t.same(decodeJwt(tokens.id_token)['moorings'], moorings)
  t.same((await realm.userinfo(tokens.access_token)).json().moorings, moorings)
})

t.test('signs in somebody whose user name is an email address', async t => {
  const realm = await idp.newRealm()
  const username = 'zoe.zimmer+tests@example.org'
  t.match(await realm.lab.users.put(username, { claims: { name: 'Zoe' } }), { username, password: `${username}-lab` })
  const visitor = new Visitor(realm)
  const page = await visitor.open(realm.authorizationRequest(realm.relyingParty))
  const { location } = await visitor.submit(page, { username, password: `${username}-lab` }, 'Sign in')
  const tokens = (await realm.redeem(realm.relyingParty, location!.searchParams.get('code')!)).json()
  t.equal(decodeJwt(tokens.id_token).sub, (await realm.lab.users.get(username)).sub)

  await realm.lab.users.patch(username, { sign_in_by_hint: true })
  const hinted = await new Visitor(realm).open(realm.authorizationRequest(realm.relyingParty, { login_hint: username }))
  t.equal(hinted.location?.searchParams.has('code'), true, 'also by hint')
  await realm.lab.users.remove(username)
  t.match(await refusalOf(realm.lab.users.get(username)), { status: 404 })
})

const names = [
  'o\'brien@example.org', 'Jörg.Müller', 'CONTOSO\\Ann', 'Mary Ann', '山田雪', 'عمر', 'Ωmega', 'İpek', 'a/b', '50%41', 'q?&#=+',
  '<b>"bold"</b>', '🦆', '...', '山'.repeat(254)
]
for (const username of names) {
  t.test(`knows somebody by the user name ${username.slice(0, 20)}, as a real directory has it, in small letters and capitals`, async t => {
    const realm = await idp.newRealm()
    const made = await realm.lab.users.put(username, { sign_in_by_hint: true })
    t.equal(made.username, username)
    const { sub } = made
    const spellings = [username, username.toUpperCase(), ` ${username.toLowerCase()} `, username.normalize('NFD')]
    for (const typed of spellings) {
      const visitor = new Visitor(realm)
      const page = await visitor.open(realm.authorizationRequest(realm.relyingParty))
      const { location } = await visitor.submit(page, { username: typed, password: `${username}-lab` }, 'Sign in')
      t.ok(location?.searchParams.has('code'), `by form: ${typed.slice(0, 20)}`)
      const hinted = await new Visitor(realm).open(realm.authorizationRequest(realm.relyingParty, { login_hint: typed }))
      t.ok(hinted.location?.searchParams.has('code'), `by hint: ${typed.slice(0, 20)}`)
    }
    await realm.lab.sessions.signIn(username)
    await realm.lab.sessions.end(username.toUpperCase())
    t.match(await realm.lab.users.put(username.toUpperCase(), { about: 'again' }), { username, sub }, 'is one person, however spelled')
    t.match(await realm.lab.users.get(username), { about: 'again' })
    t.ok((await realm.lab.ledger.query({ username })).count > 0)
    await realm.lab.users.remove(username.toUpperCase())
    t.match(await refusalOf(realm.lab.users.get(username)), { status: 404 })
  })
}

t.test('refuses a user name that nobody could type or a URL could not name', async t => {
  for (const username of ['a\u0000b', 'a\nb', ' a', 'a ', 'a\u200bb', '.', '..', 'a'.repeat(255)]) {
    t.match(await refusalOf(idp.lab.realms.put('refused', { users: [{ username }] })), { status: 400, description: /a user name/ }, JSON.stringify(username))
  }
  const twice = idp.lab.realms.put('refused', { users: [{ username: 'Zoe' }, { username: 'zoe' }] })
  t.match(await refusalOf(twice), { status: 400, description: 'username zoe is there twice' })
})

t.test('replaces a claim that is an object as a whole, and leaves the other claims', async t => {
  const realm = await idp.newRealm()
  await realm.lab.users.patch('alice', {
    claims: { moorings: { north: { berth: 4 }, south: { berth: 7 } } },
    client_claims: { shop: { moorings: { north: 1, south: 2 } } }
  })
  const { claims, client_claims: forClients } = await realm.lab.users.patch('alice', {
    claims: { moorings: { north: { length: 9 } } }, client_claims: { shop: { moorings: { north: 3 }, name: null } }
  })
  t.strictSame(claims['moorings'], { north: { length: 9 } })
  t.equal(claims['name'], 'Alice Anders')
  t.strictSame(forClients, { shop: { moorings: { north: 3 }, name: null } })
  t.match(await realm.lab.users.get('alice'), { claims, client_claims: forClients })
})

t.test('tells one client other claims than the rest', async t => {
  const realm = await idp.newRealm()
  await realm.lab.users.patch('alice', { client_claims: { 'genesys-messenger': { name: 'A. A.', given_name: null } } })
  const forGenesys = decodeJwt((await realm.tokensFor('alice', realm.genesys)).id_token)
  t.equal(forGenesys['name'], 'A. A.')
  t.notOk('given_name' in forGenesys)
  const { access_token: accessToken } = await realm.tokensFor('alice')
  t.match((await realm.userinfo(accessToken)).json(), { name: 'Alice Anders', given_name: 'Alice' })
})

t.test('signs out whoever is disabled, and lets them in again when they are enabled', async t => {
  const realm = await idp.newRealm()
  const visitor = new Visitor(realm)
  await visitor.signIn('alice')
  const { access_token: accessToken } = await realm.tokensFor('alice')
  await realm.lab.users.disable('alice')
  t.equal(await visitor.isKnown(), false)
  t.equal((await realm.userinfo(accessToken)).statusCode, 401)
  t.match((await new Visitor(realm).signIn('alice')).text, 'do not match an account')
  t.match(await realm.lab.users.enable('alice'), { username: 'alice', disabled: false })
  t.ok((await new Visitor(realm).signIn('alice')).location?.searchParams.has('code'))
})

t.test('forgets somebody who was removed', async t => {
  const realm = await idp.newRealm()
  const { access_token: accessToken } = await realm.tokensFor('bob')
  await realm.lab.users.remove('bob')
  await realm.lab.users.remove('bob')
  t.match(await refusalOf(realm.lab.users.get('bob')), { status: 404, error: 'not_found' })
  t.equal((await realm.userinfo(accessToken)).statusCode, 401)
})

const refused: [string, string, Record<string, unknown>, number, RegExp][] = [
  ['a member that there is not', 'zoe', { nme: 'Zoë' }, 400, /nme: there is no such name/],
  ['a flag that is neither true nor false', 'zoe', { disabled: 'true' }, 400, /body\.disabled: must be true or false, not a string/],
  [
    'a claim that the provider itself makes', 'zoe', { claims: { iss: 'http://elsewhere' } },
    400, /claims\.iss: there can be no such name/
  ],
  ['a subject with a space', 'zoe', { sub: 'a b' }, 400, /body\.sub: must be a subject identifier: visible ASCII/],
  ['a subject that is somebody else\'s', 'zoe', { sub: 'usr-7f3a91c0' }, 409, /belongs to alice/],
  ['a name that nobody could type', 'zo\u0007e', {}, 400, /username/]
]
for (const [label, username, fields, status, description] of refused) {
  t.test(`refuses ${label}, and changes nothing`, async t => {
    const { lab } = await idp.newRealm()
    const before = await lab.users.list()
    t.match(await refusalOf(lab.users.put(username, fields)), { status, description })
    t.strictSame(await lab.users.list(), before)
  })
}

t.test('refuses to change somebody who is not there', async t => {
  const { lab } = await idp.newRealm()
  for (const call of [() => lab.users.patch('zoe', {}), () => lab.users.disable('zoe'), () => lab.users.enable('zoe')]) {
    t.match(await refusalOf(call()), { status: 404, error: 'not_found' })
  }
})

t.test('changes to one user at once are all kept', async t => {
  const realm = await idp.newRealm()
  await Promise.all([1, 2, 3].map(number => realm.lab.users.patch('alice', { claims: { [`claim_${number}`]: number } })))
  t.match((await realm.lab.users.get('alice')).claims, { claim_1: 1, claim_2: 2, claim_3: 3 })
})

const shop = {
  client_name: 'Shop',
  client_uri: 'http://shop.localhost/',
  client_secret: 'lab-only-secret-of-the-shop',
  token_endpoint_auth_method: 'client_secret_post' as const,
  redirect_uris: ['http://shop.localhost/callback'],
  grant_types: ['authorization_code' as const],
  scope: 'openid profile',
  first_party: true
}

t.test('serves a client that was registered a moment ago', async t => {
  const realm = await idp.newRealm()
  const client = await realm.lab.clients.put('shop', shop)
  const { location } = await new Visitor(realm).signIn('alice', client, { scope: 'openid profile' })
  t.equal(location?.origin, 'http://shop.localhost')
  t.match((await realm.redeem(client, location!.searchParams.get('code')!)).json(), { id_token: String, scope: 'openid profile' })
})

t.test('serves a client of which nothing was said but where browsers are to be sent', async t => {
  const realm = await idp.newRealm()
  const client = await realm.lab.clients.put('shop', { redirect_uris: ['http://shop.localhost/callback'], first_party: true })
  t.match(client, { client_name: 'shop', client_uri: 'http://shop.localhost', token_endpoint_auth_method: 'client_secret_basic' })
  const { location } = await new Visitor(realm).signIn('alice', client)
  const tokens = await realm.redeem(client, location!.searchParams.get('code')!)
  t.match(tokens.json(), { id_token: String })
  const app = await realm.lab.clients.put('app', { redirect_uris: ['com.example.app:/callback'], application_type: 'native' })
  t.match(app, { token_endpoint_auth_method: 'none', client_secret: undefined }, 'one on a device has no secret')
})

for (const moment of ['on the way back from the sign-in page', 'at the consent page']) {
  t.test(`asks again who it is, where a person is removed ${moment}`, async t => {
    const realm = await idp.newRealm()
    const client = await realm.lab.clients.put('shop', { ...shop, first_party: moment !== 'at the consent page' })
    const visitor = new Visitor(realm)
    const page = await visitor.open(realm.authorizationRequest(client, { scope: 'openid profile' }))
    const credentials = { username: 'alice', password: 'alice-lab' }
    const next = await visitor.request(`${page.url}/sign-in`, { form: credentials })
    const consent = client.first_party ? undefined : await visitor.follow(next)
    await realm.lab.users.remove('alice')
    const again = consent ? await visitor.submit(consent, {}, 'Allow') : await visitor.follow(next)
    t.match([again.status, again.$('h1').text()], [200, 'Sign in'])
    let bob = await visitor.submit(again, { username: 'bob', password: 'bob-lab' }, 'Sign in')
    while (bob.location === undefined) bob = await visitor.submit(bob, {}, bob.$('h1').text().startsWith('Allow') ? 'Allow' : 'Continue')
    t.equal(decodeJwt((await realm.redeem(client, bob.location.searchParams.get('code')!)).json().id_token).sub, 'usr-20c4e85d')
  })
}

t.test('says of a client that is removed in the middle of a sign-in that it is not registered', async t => {
  const realm = await idp.newRealm()
  const visitor = new Visitor(realm)
  const page = await visitor.open(realm.authorizationRequest(await realm.lab.clients.put('shop', shop), { scope: 'openid profile' }))
  await realm.lab.clients.remove('shop')
  for (const next of [
    await visitor.open(page.url),
    await visitor.submit(page, { username: 'alice', password: 'alice-lab' }, 'Sign in')
  ]) t.match([next.status, next.$('.facts code').text()], [400, 'invalid_client'])
})

const { client_secret: _unused, ...publicShop } = shop
const nativeApp = { ...publicShop, application_type: 'native', token_endpoint_auth_method: 'none' } as const

t.test('sends people back to an application by its own scheme, and on loopback at whatever port it listens', async t => {
  const realm = await idp.newRealm()
  const registered = ['com.example.app:/callback', 'http://127.0.0.1/callback', 'http://[::1]/callback']
  const app = await realm.lab.clients.put('app', { ...nativeApp, redirect_uris: registered })
  for (const redirectUri of [registered[0]!, 'http://127.0.0.1:49152/callback', 'http://[::1]:49153/callback']) {
    const { location } = await new Visitor(realm).signIn('alice', app, { scope: 'openid', redirect_uri: redirectUri })
    t.equal(location?.href.split('?')[0], redirectUri)
    const fields = { redirect_uri: redirectUri, client_id: 'app' }
    t.equal((await realm.redeem(app, location!.searchParams.get('code')!, fields)).statusCode, 200)
  }
  const elsewhere = realm.authorizationRequest(app, { scope: 'openid', redirect_uri: 'http://127.0.0.1:49152/other' })
  t.equal((await new Visitor(realm).open(elsewhere)).status, 400)
})

t.test('lets no page whose origin is hidden call for an application', async t => {
  const realm = await idp.newRealm()
  await realm.lab.clients.put('app', { ...nativeApp, redirect_uris: ['com.example.app:/callback'] })
  const response = await realm.app.inject({
    method: 'POST',
    url: `${realm.base}/token`,
    headers: { origin: 'null', 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'client_id=app&grant_type=authorization_code&code=x'
  })
  t.match([response.statusCode, response.headers['access-control-allow-origin']], [400, undefined])
})

t.test('goes by a changed registration from the next request on', async t => {
  const realm = await idp.newRealm()
  const moved = await realm.lab.clients.patch('relying-party', { redirect_uris: ['http://elsewhere.localhost/callback'] })
  t.equal((await new Visitor(realm).open(realm.authorizationRequest(realm.relyingParty))).status, 400)
  const { location } = await new Visitor(realm).signIn('alice', moved)
  t.equal(location?.host, 'elsewhere.localhost')
  await realm.lab.clients.patch('relying-party', { client_secret: 'another-lab-only-secret' })
  t.equal((await realm.redeem(moved, location!.searchParams.get('code')!)).statusCode, 401)
})

t.test('knows a removed client no more, nor its tokens', async t => {
  const realm = await idp.newRealm()
  const { access_token: accessToken } = await realm.tokensFor('alice')
  await realm.lab.clients.remove('relying-party')
  await realm.lab.clients.remove('relying-party')
  t.equal((await new Visitor(realm).open(realm.authorizationRequest(realm.relyingParty))).status, 400)
  t.equal((await realm.userinfo(accessToken)).statusCode, 401)
  t.equal((await refusalOf(realm.lab.clients.get('relying-party'))).status, 404)
  await realm.lab.clients.reset()
  t.ok((await realm.tokensFor('bob')).id_token)
})

for (const alg of ['RS256', 'ES256', 'PS256', 'EdDSA'] as const) {
  t.test(`signs with ${alg} for a client that asks for it, and says so in discovery`, async t => {
    const realm = await idp.newRealm()
    await realm.lab.clients.patch('relying-party', { id_token_signed_response_alg: alg })
    const header = decodeProtectedHeader((await realm.tokensFor('alice')).id_token)
    const { keys } = (await realm.get('/jwks')).json()
    t.match(keys.find(({ kid }: { kid: string }) => kid === header.kid), { alg, use: 'sig' })
    t.equal(header.alg, alg)
    const discovery = (await realm.get('/.well-known/openid-configuration')).json()
    t.ok(discovery.id_token_signing_alg_values_supported.includes(alg))
    t.equal(decodeProtectedHeader((await realm.tokensFor('alice', realm.genesys)).id_token).alg, 'RS256', 'and RS256 for the others')
  })
}

const unregistrable: [string, Record<string, unknown>, RegExp][] = [
  ['a secret that can be guessed', { ...shop, client_secret: 'secret' }, /body\.client_secret: must have at least 16/],
  ['no redirect URI', { ...shop, redirect_uris: [] }, /redirect_uris/],
  ['a redirect URI with a port that there is not', { ...shop, redirect_uris: ['http://shop.localhost:99999/'] }, /redirect_uris/],
  [
    'more redirect URIs than anybody has',
    { ...shop, redirect_uris: Array.from({ length: 101 }, (_, index) => `http://shop.localhost/${index}`) }, /redirect_uris.*100/
  ],
  ['a redirect URI of a length that nobody uses', { ...shop, redirect_uris: [`http://shop.localhost/${'x'.repeat(2_000)}`] }, /2000/],
  ['a scheme of an application for a web client', { ...shop, application_type: 'web', redirect_uris: ['com.example.app:/callback'] }, /web uris/],
  [
    'http for a native client anywhere but at loopback',
    { ...shop, application_type: 'native', redirect_uris: ['http://shop.localhost/callback'] }, /loopback/
  ],
  ['an algorithm that there is not', { ...shop, id_token_signed_response_alg: 'HS256' }, /id_token_signed_response_alg/],
  ['a rule to be let off that there is not', { ...shop, permissive: ['pkce-missing', 'pkce-plane'] }, /body\.permissive\.1: must be one of .*pkce-plain/],
  ['a rule to be let off twice', { ...shop, permissive: ['pkce-missing', 'pkce-missing'] }, /body\.permissive: /],
  ['a word for permissive', { ...shop, permissive: 'pkce-missing' }, /body\.permissive: must be/],
  ['a member that there is not', { ...shop, redirect_uri: 'x' }, /body\.redirect_uri: there is no such name/]
]
for (const [label, fields, description] of unregistrable) {
  t.test(`refuses a registration with ${label}, and registers nothing`, async t => {
    const { lab } = await idp.newRealm()
    t.match(await refusalOf(lab.clients.put('shop', fields)), { status: 400, error: 'invalid_request', description })
    t.equal((await refusalOf(lab.clients.get('shop'))).status, 404)
  })
}

t.test('after a restart', async t => {
  const restart = async (running: Idp) => {
    await running.app.close()
    return startIdp(t, { STATE_DIR: stateFolder })
  }
  const realm = await idp.newRealm()
  const { base } = realm
  const before = [await realm.lab.users.list(), await realm.lab.clients.list()]
  await realm.lab.users.put('zoe')
  await realm.lab.users.remove('bob')
  await realm.lab.users.patch('alice', { claims: { name: 'Somebody' } })
  await realm.lab.clients.put('shop', shop)
  await realm.lab.clients.remove('genesys-messenger')

  const second = await restart(idp)
  const { lab } = new Idp(second.app, second.config, base)
  t.test('still knows who was added, changed and removed', async t => {
    const names = (await lab.users.list()).map(({ username }) => username)
    t.ok(names.includes('zoe'))
    t.notOk(names.includes('bob'))
    t.equal((await lab.users.get('alice')).claims['name'], 'Somebody')
    t.strictSame((await lab.clients.list()).map(({ client_id: id }) => id), ['relying-party', 'shop'])
  })

  t.test('puts all users and clients back, for good', async t => {
    await lab.users.reset()
    await lab.clients.reset()
    t.strictSame([await lab.users.list(), await lab.clients.list()], before)
    const third = await restart(second)
    const again = new Idp(third.app, third.config, base).lab
    t.strictSame([await again.users.list(), await again.clients.list()], before, 'also after another restart')
  })
})
