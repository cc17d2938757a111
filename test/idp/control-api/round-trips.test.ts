// What a GET of the control API answers can be PUT back, and nothing is different then.
import t from 'tap'
import { refusalOf, startIdp, type Idp } from '../helper.ts'

const idp = await startIdp(t)
const host = new URL(idp.issuer).host
const json = async (at: Idp, method: 'GET' | 'PUT' | 'POST' | 'PATCH', path: string, payload?: object) => {
  const response = await at.app.inject({ method, url: `${at.base}${path}`, headers: { host }, ...(payload && { payload }) })
  t.ok(response.statusCode < 300, `${method} ${path}: ${response.statusCode} ${response.statusCode < 300 ? '' : response.body}`)
  return response.json()
}

t.test('every user can be put back as they were read, and so can one with everything', async t => {
  const realm = await idp.newRealm()
  await realm.lab.users.put('Zoe', {
    about: 'everything',
    acr: ['Level1', 'Level2'],
    amr: ['pwd', 'swk'],
    second_factor: { totp_secret: 'JBSWY3DPEHPK3PXP', acr: 'Level3' },
    claims: { groups: ['staff'], address: { country: 'NO' }, nothing: null },
    client_claims: { shop: { groups: null } }
  })
  const { users } = await json(realm, 'GET', '/lab/users')
  t.ok(users.length > 10)
  for (const { username } of users) {
    const path = `/lab/users/${username.toUpperCase()}`
    const before = await json(realm, 'GET', path)
    t.strictSame(await json(realm, 'PUT', path, before), before, username)
    t.strictSame(await json(realm, 'GET', path), before)
  }
  t.strictSame((await json(realm, 'GET', '/lab/users')).users, users)
})

t.test('every client can be put back as it was read, and so can one that has registered itself', async t => {
  const realm = await idp.newRealm({ dynamic_client_registration: true })
  await realm.lab.clients.put('app', { redirect_uris: ['com.example.app:/callback', 'http://127.0.0.1/callback'] })
  await realm.lab.clients.put('shop', {
    redirect_uris: ['http://localhost:8080/callback'],
    id_token_claims: 'all',
    token_lifetimes: { code: 10 },
    dpop: 'allowed',
    permissive: ['code-replayed', 'pkce-missing']
  })
  const registered = await json(realm, 'POST', '/reg', { redirect_uris: ['https://stranger.example/callback'], contacts: ['ann@example.org'] })
  const { clients } = await json(realm, 'GET', '/lab/clients')
  t.strictSame(clients.map(({ client_id: id }: { client_id: string }) => id), ['relying-party', 'genesys-messenger', 'app', 'shop', registered.client_id])
  for (const { client_id: id } of clients) {
    const before = await json(realm, 'GET', `/lab/clients/${id}`)
    t.strictSame(await json(realm, 'PUT', `/lab/clients/${id}`, before), before, id)
    t.strictSame(await json(realm, 'PATCH', `/lab/clients/${id}`, before), before, id)
    t.strictSame(await json(realm, 'GET', `/lab/clients/${id}`), before)
  }
  t.match((await realm.get(new URL(registered.registration_client_uri).pathname.slice(realm.base.length), {
    authorization: `Bearer ${registered.registration_access_token}`
  })).json(), { contacts: ['ann@example.org'] }, 'which can still read its registration')
})

t.test('a realm can be put back as it was read, and another made of all that was read of one', async t => {
  const realm = await idp.newRealm({ scopes: { groups: ['groups'] }, refresh_tokens: 'always' })
  await realm.lab.users.put('zoe', { claims: { groups: ['staff'] } })
  await realm.lab.clients.put('shop', { redirect_uris: ['http://localhost:8080/callback'], scope: 'openid groups' })
  const path = `/lab/realms/${realm.base.slice('/realms/'.length)}`
  const before = await json(idp, 'GET', path)
  t.strictSame(await json(idp, 'PUT', path, before), before)

  const everything = async (of: Idp) => ({
    ...await json(of, 'GET', '/lab/users'), ...await json(of, 'GET', '/lab/clients'), ...await json(of, 'GET', '/lab/settings')
  })
  const copied = await everything(realm)
  await json(idp, 'PUT', '/lab/realms/copy', copied)
  t.strictSame(await everything(await idp.realm('copy')), copied)
  t.strictSame(await json(realm, 'PATCH', '/lab/settings', copied && await json(realm, 'GET', '/lab/settings')), await json(realm, 'GET', '/lab/settings'))
})

t.test('what was read of one is not put in the place of another', async t => {
  const { lab } = await idp.newRealm()
  const refused = { status: 400, description: /and by the path it is/ }
  t.match(await refusalOf(lab.users.put('bob', { username: 'alice' })), refused)
  t.match(await refusalOf(lab.users.patch('bob', { username: 'alice' })), refused)
  t.match(await refusalOf(lab.clients.put('relying-party', { client_id: 'genesys-messenger' })), refused)
  t.match(await refusalOf(lab.clients.patch('relying-party', { client_id: 'genesys-messenger' })), refused)
  t.match(await refusalOf(idp.lab.realms.put('blue', { name: 'red' } as never)), refused)
  t.match(await refusalOf(idp.lab.realms.put('blue', { issuer: 'http://elsewhere.example' } as never)), refused)
  t.match(await refusalOf(lab.clients.put('stranger', { contacts: [] } as never)), { status: 400, description: /contacts/ }, 'nor what nothing has')
})
