import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import t from 'tap'
import type { RegisteredClient } from '../../../services/idp/clients/registered-clients.ts'
import type { RealmSeed } from '../../../services/idp/control-api/control-api-client.ts'
import { Idp, refusalOf, startIdp, Visitor } from '../helper.ts'

const idp = await startIdp(t)

t.afterEach(async () => {
  for (const { name } of await idp.lab.realms.list()) await idp.lab.realms.remove(name)
})

const jwksOf = async ({ app, base }: Idp) => createLocalJWKSet((await app.inject(`${base}/jwks`)).json())

t.test('makes an issuer by one call', async t => {
  t.match(await idp.lab.realms.put('blue'), { name: 'blue', issuer: `${idp.config.issuer}/realms/blue` })
  const discovery = (await idp.app.inject('/realms/blue/.well-known/openid-configuration')).json()
  t.equal(discovery.issuer, `${idp.config.issuer}/realms/blue`)
  const endpoints = Object.entries(discovery).filter(([name]) => /_endpoint$|_uri$/.test(name))
  for (const [name, url] of endpoints) t.ok(String(url).startsWith(`${discovery.issuer}/`), `${name} is ${url}`)

  const blue = await idp.realm('blue')
  const tokens = await blue.tokensFor('alice')
  t.match(decodeJwt(tokens.id_token), { iss: discovery.issuer, sub: 'usr-7f3a91c0' })
  t.match((await blue.userinfo(tokens.access_token)).json(), { name: 'Alice Anders' })
  t.equal((await blue.refresh(blue.genesys, (await blue.tokensFor('bob', blue.genesys)).refresh_token!)).statusCode, 200)
})

t.test('makes it with users and clients of its own', async t => {
  const shop = { ...idp.relyingParty, client_id: 'shop' }
  const blue = await idp.realm('blue', {
    users: [{ username: 'ann', password: 'secret-of-ann', sub: 'ann-1', claims: { name: 'Ann' } } as never], clients: [shop]
  })
  t.match(await blue.lab.users.list(), [{ username: 'ann', disabled: false, about: '' }])
  const { status } = await new Visitor(blue).open(blue.authorizationRequest(idp.relyingParty))
  t.equal(status, 400, 'it does not know those of the lab')
  const visitor = new Visitor(blue)
  const page = await visitor.open(blue.authorizationRequest(shop))
  const { location } = await visitor.submit(page, { username: 'ann', password: 'secret-of-ann' }, 'Sign in')
  t.equal((await blue.redeem(shop, location!.searchParams.get('code')!)).statusCode, 200)
})

t.test('makes it with settings of its own, which it has again after a restart and when everything is put back', async t => {
  const folder = t.testdir({})
  const before = await startIdp(t, { STATE_DIR: folder })
  const settings = { scopes: { loyalty: ['tier'] }, id_token_claims: 'all', refresh_tokens: 'always', token_lifetimes: { access_token: 60 } } as const
  const seed: RealmSeed = { ...settings, scopes: { loyalty: ['tier'] }, clients: [{ client_id: 'shop', redirect_uris: ['http://localhost/'], scope: 'openid loyalty' }] }
  await before.realm('blue', seed)
  await before.app.close()

  const blue = await (await startIdp(t, { STATE_DIR: folder })).realm('blue')
  t.match(await blue.lab.settings.get(), settings)
  await blue.lab.settings.patch({ refresh_tokens: 'offline_access' })
  await blue.lab.settings.reset()
  t.match(await blue.lab.settings.get(), settings)
  await blue.lab.settings.patch({ token_lifetimes: {} })
  await blue.lab.reset()
  t.match(await blue.lab.settings.get(), settings)
  t.strictSame((await idp.lab.settings.get()).token_lifetimes, {}, 'the root has its own')
})

t.test('says in every authorization response which issuer has sent it', async t => {
  const { location } = await new Visitor(await idp.realm('blue')).signIn('alice')
  t.equal(location!.searchParams.get('iss'), `${idp.config.issuer}/realms/blue`)
})

t.test('keeps one browser apart at two issuers', async t => {
  const [blue, green] = [await idp.realm('blue'), await idp.realm('green')]
  const visitor = new Visitor(blue)
  await visitor.signIn('alice')
  t.equal(await visitor.isKnown(), true)
  t.equal(await visitor.jar.getCookieString(`${idp.config.issuer}/realms/green/auth`), '', 'its cookies are for nobody else')
  t.equal(await new Visitor(green, visitor.jar).isKnown(), false)
  t.equal(await new Visitor(idp, visitor.jar).isKnown(), false)
  const atRoot = new Visitor(idp, visitor.jar)
  await atRoot.signIn('bob')
  t.equal(await new Visitor(green, visitor.jar).isKnown(), false)
  t.equal(await atRoot.isKnown(), true, 'being asked who it is at one issuer does not sign it out at another')
  const { location } = await visitor.open(blue.authorizationRequest(blue.relyingParty, { prompt: 'none' }))
  const tokens = (await blue.redeem(blue.relyingParty, location!.searchParams.get('code')!)).json()
  t.match(decodeJwt(tokens.id_token), { sub: 'usr-7f3a91c0' })
})

t.test('takes nothing from one issuer at another', async t => {
  const [blue, green] = [await idp.realm('blue'), await idp.realm('green')]
  const code = await blue.codeFor('alice')
  t.match((await green.redeem(green.relyingParty, code)).json(), { error: 'invalid_grant' })
  t.match((await idp.redeem(idp.relyingParty, code)).json(), { error: 'invalid_grant' })
  const tokens = await blue.tokensFor('alice', blue.genesys)
  t.equal((await green.userinfo(tokens.access_token)).statusCode, 401)
  t.equal((await green.refresh(green.genesys, tokens.refresh_token!)).statusCode, 400)
  await t.resolves(jwtVerify(tokens.id_token, await jwksOf(blue)))
  await t.rejects(jwtVerify(tokens.id_token, await jwksOf(green)))
})

t.test('signs out at one issuer alone', async t => {
  const [blue, green] = [await idp.realm('blue'), await idp.realm('green')]
  const visitor = new Visitor(blue)
  const elsewhere = new Visitor(green, visitor.jar)
  await visitor.signIn('alice')
  await elsewhere.signIn('alice')
  const page = await visitor.open('/session/end')
  t.match((await visitor.submit(page, {}, 'Sign out')).text, 'You are signed out')
  t.equal(await visitor.isKnown(), false)
  t.equal(await elsewhere.isKnown(), true)
})

t.test('changes users, clients, keys, settings and clock of one issuer alone', async t => {
  const [blue, green] = [await idp.realm('blue'), await idp.realm('green')]
  const others = () => Promise.all([idp, green].map(async ({ lab }) => {
    const { offsetSeconds } = await lab.clock.get()
    return [await lab.users.list(), await lab.clients.list(), await lab.keys.list(), await lab.settings.get(), offsetSeconds]
  }))
  const before = await others()
  await blue.lab.users.put('zoe')
  await blue.lab.clients.remove('genesys-messenger')
  await blue.lab.keys.rotate()
  await blue.lab.settings.patch({ scopes: { loyalty: ['tier'] } })
  t.equal((await blue.lab.clock.set(5000)).services, undefined, 'nor those of other services')
  t.strictSame(await others(), before)
})

t.test('forgets an issuer by one call', async t => {
  const blue = await idp.realm('blue')
  await blue.lab.users.put('zoe')
  await idp.lab.realms.remove('blue')
  await idp.lab.realms.remove('blue')
  t.equal((await idp.app.inject('/realms/blue/jwks')).statusCode, 404)
  t.strictSame(await idp.lab.realms.list(), [])
  const again = await idp.realm('blue')
  t.notOk((await again.lab.users.list()).some(({ username }) => username === 'zoe'), 'one of the same name begins anew')
})

const underWay: Record<string, (realm: Idp, visitor: Visitor) => Promise<{ statusCode: number }>> = {
  'a sign-in': async (realm, visitor) => {
    const { url } = await visitor.open(realm.authorizationRequest(realm.relyingParty))
    const { status: statusCode } = await visitor.request(`${url}/sign-in`, { form: { username: 'alice', password: 'alice-lab' } })
    return { statusCode }
  },
  'a change by the lab': realm => realm.app.inject({
    method: 'PATCH',
    url: `${realm.base}/lab/clients/relying-party`,
    headers: { host: new URL(realm.issuer).host },
    payload: { id_token_signed_response_alg: 'ES256' }
  })
}
for (const [what, send] of Object.entries(underWay)) {
  t.test(`answers ${what} that is under way when its issuer is removed as any, or that there is no such issuer`, async t => {
    for (let turns = 0; turns < 12; turns++) {
      const blue = await idp.realm('blue')
      const answer = send(blue, new Visitor(blue))
      for (let turn = 0; turn < turns; turn++) await nextTurn()
      await idp.lab.realms.remove('blue')
      const { statusCode } = await answer
      t.ok([200, 303, 404].includes(statusCode), `${statusCode} after ${turns} turns`)
    }
  })
}

t.test('lets nobody wait for what is exchanged with an issuer that is removed', async t => {
  const blue = await idp.realm('blue')
  const [wait, events] = [blue.get('/lab/ledger/wait?timeout=60'), blue.get('/lab/ledger/events', { accept: 'text/event-stream' })]
  await nextTurn()
  await idp.lab.realms.remove('blue')
  t.match([(await wait).statusCode, (await wait).json()], [404, { error: 'not_found', error_description: 'there is no realm blue' }])
  t.match([(await events).statusCode, (await events).body], [200, 'event: ready'])
})

t.test('leaves an issuer as it is that is made again', async t => {
  const blue = await idp.realm('blue')
  await blue.lab.users.put('zoe')
  const before = await blue.lab.users.list()
  const [first, second] = await Promise.all([idp.lab.realms.put('blue'), idp.lab.realms.put('blue', { users: [] })])
  t.strictSame(first, second)
  t.ok(before.some(({ username }) => username === 'zoe'))
  t.strictSame(await blue.lab.users.list(), before)
})

t.test('makes one issuer for several who ask for it at once, and loses nothing that they do there', async t => {
  const names = Array.from({ length: 8 }, (_, index) => `person-${index}`)
  await Promise.all(names.map(async name => (await idp.realm('blue', { users: [] })).lab.users.put(name)))
  const users = await (await idp.realm('blue')).lab.users.list()
  t.strictSame(users.map(({ username }) => username).sort(), names)
})

t.test('has its issuers still after a restart, with who is signed in there', async t => {
  const stateFolder = t.testdir({})
  const first = await startIdp(t, { STATE_DIR: stateFolder })
  const blue = await first.realm('blue')
  await blue.lab.users.put('zoe')
  await blue.lab.clock.set(5000)
  const visitor = new Visitor(blue)
  await visitor.signIn('alice')
  await first.app.close()

  const second = await startIdp(t, { STATE_DIR: stateFolder })
  t.match(await second.lab.realms.list(), [{ name: 'blue' }])
  const restarted = await second.realm('blue')
  t.ok(await restarted.lab.users.get('zoe'))
  t.equal((await restarted.lab.clock.get()).offsetSeconds, 5000)
  t.equal(await new Visitor(restarted, visitor.jar).isKnown(), true)
})

t.test('does not take for an issuer what a killed process has left half made', async t => {
  const stateFolder = t.testdir({})
  mkdirSync(`${stateFolder}/idp/realms/half`, { recursive: true })
  const { lab } = await startIdp(t, { STATE_DIR: stateFolder })
  t.strictSame(await lab.realms.list(), [])
})

t.test('has as many issuers as it may and makes no more, until one is removed', async t => {
  const { lab } = await startIdp(t, { STATE_DIR: t.testdir({}), MAX_REALMS: '3' })
  for (const name of ['test-1', 'test-2', 'test-3']) await lab.realms.put(name)
  t.match(await refusalOf(lab.realms.put('one-more')), { status: 409, error: 'conflict', description: /3 realms already/ })
  t.equal((await lab.realms.put('test-2')).name, 'test-2', 'one that is there is still answered')
  await lab.realms.remove('test-2')
  await t.resolves(lab.realms.put('one-more'))
})

t.test('says of an issuer that there is not that there is none', async t => {
  for (const path of ['/realms/red/jwks', '/realms/red/auth', '/realms/red/', '/realms/red/lab/users', '/realms/%00/jwks']) {
    const response = await idp.app.inject({ url: path, headers: { host: new URL(idp.config.issuer).host } })
    t.equal(response.statusCode, 404, path)
    t.match(response.json(), { error: 'not_found' }, path)
  }
})

t.test('refuses names that could be mistaken for something else', async t => {
  const { lab } = idp
  for (const name of ['..', 'Blue', 'a/b', '-', '.hidden', 'x'.repeat(64)]) {
    t.match(await refusalOf(lab.realms.put(name)), { status: /40[04]/ }, name)
  }
  t.strictSame(await lab.realms.list(), [])
})

t.test('lets twenty tests at once have an issuer each, none of which sees the others', async t => {
  await idp.lab.ledger.clear()
  const names = Array.from({ length: 20 }, (_, index) => `test-${index}`)
  await Promise.all(names.map(async (name, index) => {
    const realm = await idp.realm(name)
    const username = `person-${index}`
    await realm.lab.users.put(username, { claims: { name } })
    await realm.lab.clock.set(index * 100_000)
    const user = await realm.lab.users.get(username)
    const visitor = new Visitor(realm)
    for (let round = 0; round < 3; round++) {
      const page = await visitor.open(realm.authorizationRequest(realm.relyingParty, {
        state: `${name}-${round}`, prompt: 'login'
      }))
      const { location } = await visitor.submit(page, { username, password: user.password }, 'Sign in')
      const tokens = (await realm.redeem(realm.relyingParty, location!.searchParams.get('code')!)).json()
      const claims = decodeJwt(tokens.id_token)
      t.match(claims, { iss: `${idp.config.issuer}/realms/${name}`, sub: user.sub })
      t.ok(Math.abs(claims.iat! - Date.now() / 1000 - index * 100_000) < 1000, 'by the clock there')
      t.equal((await realm.userinfo(tokens.access_token)).json().name, name)
    }
    const { entries } = await realm.lab.ledger.query({ endpoint: 'token' })
    t.strictSame(entries.map(entry => entry.username), [username, username, username], 'its ledger has its own exchanges alone')
  }))
  t.equal((await idp.lab.ledger.query()).count, 0, 'nor does the one at the root')
  t.equal((await idp.lab.realms.list()).length, 20)
})

const shop = {
  client_id: 'shop',
  client_name: 'Shop',
  client_uri: 'http://shop.localhost',
  client_secret: 'secret-of-the-shop',
  token_endpoint_auth_method: 'client_secret_basic' as const,
  redirect_uris: ['http://shop.localhost/callback'],
  grant_types: ['authorization_code' as const],
  scope: 'openid profile email'
}

t.test('makes a realm with people and clients of whom only what matters is said', async t => {
  await idp.lab.realms.put('blue', {
    users: [{ username: 'zoe' }, { username: 'max', password: 'of-max', claims: { name: 'Max' } }], clients: [shop]
  })
  const blue = new Idp(idp.app, idp.config, '/realms/blue')
  const client = await blue.lab.clients.get('shop') as RegisteredClient
  const subjects = []
  for (const [username, password, name] of [['zoe', 'zoe-lab', undefined], ['max', 'of-max', 'Max']] as const) {
    const visitor = new Visitor(blue)
    const page = await visitor.submit(await visitor.open(blue.authorizationRequest(client)), { username, password }, 'Sign in')
    const { location } = page.location ? page : await visitor.submit(page, {}, 'Allow')
    const tokens = (await blue.redeem(client, location!.searchParams.get('code')!)).json()
    t.equal((await blue.userinfo(tokens.access_token)).json().name, name)
    subjects.push(decodeJwt(tokens.id_token).sub)
  }
  t.equal(subjects[0], (await blue.lab.users.get('zoe')).sub)
  t.equal(new Set(subjects).size, 2)
  t.strictSame(await blue.lab.users.get('zoe'), await idp.lab.users.put('zoe'), 'as by a PUT of the same')
})

const refused: [string, RealmSeed, RegExp[]][] = [
  ['two people of one name', { users: [{ username: 'zoe' }, { username: 'zoe', sub: 'other' }] }, [/username zoe/]],
  ['two people who are one subject', { users: [{ username: 'zoe', sub: 'one' }, { username: 'max', sub: 'one' }] }, [/sub one/]],
  [
    'somebody with the subject that another one gets',
    { users: [{ username: 'zoe' }, { username: 'max', sub: 'usr-9d017e26' }] },
    [/sub usr-9d017e26/]
  ],
  ['two clients of one client_id', { clients: [shop, { ...shop, client_name: 'Second shop' }] }, [/client_id shop/]],
  [
    'a client without the keys that it needs',
    { clients: [{ client_id: 'shop', redirect_uris: shop.redirect_uris, token_endpoint_auth_method: 'private_key_jwt' }] },
    [/client shop: jwks: is missing/]
  ],
  [
    'a client with a secret that is for nothing',
    { clients: [{ ...shop, token_endpoint_auth_method: 'none' }] },
    [/client shop: token_endpoint_auth_method: is none/]
  ],
  [
    'all of that at once',
    {
      users: [{ username: 'zoe' }, { username: 'zoe' }],
      clients: [shop, shop, { ...shop, client_id: 'cafe', redirect_uris: [] }]
    },
    [/username zoe/, /client_id shop/, /cafe.*redirect_uris/]
  ]
]

t.test('refuses a realm of which something cannot be, says what, and leaves nothing behind', async t => {
  const stateFolder = t.testdir({})
  const { lab } = await startIdp(t, { STATE_DIR: stateFolder })
  for (const [what, seed, named] of refused) {
    const { status, error, description } = await refusalOf(lab.realms.put('blue', seed))
    t.strictSame([status, error], [400, 'invalid_request'], what)
    for (const name of named) t.match(description, name, what)
    t.strictSame(await lab.realms.list(), [], what)
    t.notOk(existsSync(`${stateFolder}/idp/realms/blue`), what)
  }
  await t.resolves(lab.realms.put('blue', { users: [{ username: 'zoe' }], clients: [shop] }), 'and then takes one that can be')
})

t.test('a realm with a client that cannot be is not made', async t => {
  const client = { ...idp.relyingParty, redirect_uris: ['http://['] }
  t.match(await refusalOf(idp.lab.realms.put('broken', { clients: [client] })), { status: 400, error: 'invalid_request' })
  const [user] = idp.config.users
  const twins = await refusalOf(idp.lab.realms.put('broken', { users: [user!, { ...user!, username: 'twin' }] }))
  t.match(twins, { status: 400, description: /sub .* twice/ })
  t.strictSame(await idp.lab.realms.list(), [])
})

t.test('a realm has nothing of one that was half removed', async t => {
  const folder = t.testdir({})
  const left = join(folder, 'idp', 'realms', 'again')
  mkdirSync(left, { recursive: true })
  writeFileSync(join(left, 'idp.sqlite'), 'not a database')
  const second = await startIdp(t, { STATE_DIR: folder })
  t.strictSame(readdirSync(join(folder, 'idp', 'realms')), [])
  const realm = await second.realm('again')
  t.ok((await realm.tokensFor('alice')).id_token)
})

t.test('says which file is broken when it cannot read a realm', async t => {
  const folder = t.testdir({ idp: { realms: { blue: { 'realm.json': '{' } } } })
  await t.rejects(startIdp(t, { STATE_DIR: folder }), { message: /blue\/realm\.json cannot be read/ })
})

t.test('finds a realm by its name in whatever way that is encoded', async t => {
  const green = await idp.realm('green')
  const response = await idp.app.inject('/realms/%67reen/.well-known/openid-configuration')
  t.equal(response.statusCode, 200)
  t.equal(response.json().issuer, green.lab.issuer)
})
