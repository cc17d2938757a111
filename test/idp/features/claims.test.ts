import { decodeJwt } from 'jose'
import t from 'tap'
import { startIdp, Visitor, type Idp } from '../helper.ts'
import { discover, registerShop } from './helper.ts'

const asked = (claims: { id_token?: object, userinfo?: object }, scope = 'openid') => ({ scope, claims: JSON.stringify(claims) })

const learnt = async (idp: Idp, client = idp.relyingParty, changes: Record<string, string> = {}, username = 'alice') => {
  const { id_token: idToken, access_token: accessToken } = await idp.tokensFor(username, client, changes)
  return { idToken: decodeJwt(idToken), userinfo: (await idp.userinfo(accessToken)).json() as Record<string, unknown> }
}

const boats = [{ name: 'Pintail', since: 2019 }, { name: 'Avocet', since: 2021 }]

t.test('tells claims of any shape by a scope of the realm\'s own', async t => {
  const idp = await startIdp(t)
  await idp.lab.settings.patch({ scopes: { 'https://shop.localhost/boats': ['boats', 'tier'] } })
  await idp.lab.users.patch('alice', { claims: { boats, tier: 3 } })
  const shop = await registerShop(idp, { scope: 'openid email https://shop.localhost/boats' })
  const { userinfo, idToken } = await learnt(idp, shop, { scope: 'openid https://shop.localhost/boats' })
  t.same(userinfo, { sub: 'usr-7f3a91c0', boats, tier: 3 })
  t.notOk('boats' in idToken)
  t.match(await discover(idp), { scopes_supported: /boats/, claims_supported: /boats/ })

  await idp.lab.clients.patch('shop', { id_token_claims: ['tier'] })
  const { idToken: longer } = await learnt(idp, shop, { scope: 'openid https://shop.localhost/boats' })
  t.match(longer, { tier: 3, boats: undefined }, 'in the ID token what the client finds there')
})

t.test('refuses a scope of the realm to a client that is not registered for it', async t => {
  const idp = await startIdp(t)
  await idp.lab.settings.patch({ scopes: { boats: ['boats'] } })
  const { location } = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty, { scope: 'openid boats' }))
  t.equal(location?.searchParams.get('error'), 'invalid_scope')
})

t.test('keeps a client that is registered for a scope that the realm has forgotten, which stands for nothing then', async t => {
  const idp = await startIdp(t)
  await idp.lab.settings.patch({ scopes: { boats: ['boats'] } })
  await idp.lab.users.patch('alice', { claims: { boats } })
  const shop = await registerShop(idp, { scope: 'openid boats' })
  await idp.lab.settings.reset()
  const tokens = await idp.tokensFor('alice', shop, { scope: 'openid boats' })
  t.equal(tokens.scope, 'openid boats')
  t.same((await idp.userinfo(tokens.access_token)).json(), { sub: 'usr-7f3a91c0' })
})

t.test('keeps who somebody is in every ID token, whatever else the realm has the scope openid stand for', async t => {
  const idp = await startIdp(t)
  await idp.lab.settings.patch({ scopes: { openid: ['nickname'] } })
  await idp.lab.users.patch('alice', { claims: { nickname: 'Al' } })
  const { idToken, userinfo } = await learnt(idp, idp.relyingParty, { scope: 'openid' })
  t.match(idToken, { sub: 'usr-7f3a91c0', auth_time: Number, amr: ['pwd'] })
  t.same(userinfo, { sub: 'usr-7f3a91c0', nickname: 'Al' })
})

t.test('keeps a scope whose name is that of a claim', async t => {
  const idp = await startIdp(t)
  await idp.lab.settings.patch({ scopes: { groups: ['groups'] } })
  await idp.lab.users.patch('alice', { claims: { groups: ['staff'], phone: 'a claim of that name' } })
  const shop = await registerShop(idp, { scope: 'openid groups phone' })
  t.match((await learnt(idp, shop, { scope: 'openid groups phone' })).userinfo, { groups: ['staff'], phone_number: String })
})

t.test('tells what is asked for by name where it is asked for, and there alone', async t => {
  const idp = await startIdp(t)
  await idp.lab.users.patch('alice', { claims: { tier: 3 } })
  const { idToken, userinfo } = await learnt(idp, idp.relyingParty, asked({
    id_token: { tier: { essential: true }, email: null }, userinfo: { phone_number: null }
  }))
  t.match(idToken, { tier: 3, email: 'alice@example.org', phone_number: undefined })
  t.same(Object.keys(userinfo).sort(), ['phone_number', 'sub'])
})

t.test('tells a claim that is asked for with a value if that is its value', async t => {
  const idp = await startIdp(t)
  await idp.lab.users.patch('alice', { claims: { tier: 'gold', boats } })
  const { idToken, userinfo } = await learnt(idp, idp.relyingParty, asked({
    id_token: { tier: { value: 'gold', essential: true }, email: { value: 'another@example.org', essential: true } },
    userinfo: { tier: { values: ['silver', 'gold'] }, boats: { value: boats }, phone_number: { values: ['+1'] } }
  }))
  t.match(idToken, { tier: 'gold', email: undefined })
  t.same(userinfo, { sub: 'usr-7f3a91c0', tier: 'gold', boats })
})

t.test('signs in the one whom a client asks for by sub, and gives no code for somebody else', async t => {
  const idp = await startIdp(t)
  const claims = JSON.stringify({ id_token: { sub: { value: 'usr-7f3a91c0' } } })
  t.equal((await learnt(idp, idp.relyingParty, { claims })).idToken.sub, 'usr-7f3a91c0')
  const visitor = new Visitor(idp)
  await visitor.signIn('bob')
  const { location } = await visitor.open(idp.authorizationRequest(idp.relyingParty, { claims, prompt: 'none' }))
  t.equal(location?.searchParams.get('error'), 'login_required')
})

t.test('passes over what nobody has, and members that mean nothing', async t => {
  const idp = await startIdp(t)
  const odd = '{"userinfo":{"__proto__":null,"constructor":null,"shoe_size":{"essential":true},"name":{"values":"x"}},' +
    '"id_token":{"toString":null}}'
  const { idToken, userinfo } = await learnt(idp, idp.relyingParty, { scope: 'openid', claims: odd })
  t.same(Object.keys(userinfo).filter(name => name !== 'name'), ['sub'])
  t.equal(idToken.sub, 'usr-7f3a91c0')
})

const malformed = ['{', '[]', '"x"', '{}', '{"userinfo":[]}', '{"id_token":1}', '{"userinfo":{"email":"yes"}}']
for (const claims of malformed) {
  t.test(`refuses ${claims} as claims`, async t => {
    const idp = await startIdp(t)
    const { location } = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty, { claims }))
    t.equal(location?.searchParams.get('error'), 'invalid_request')
  })
}

t.test('tells each client what is different for it', async t => {
  const idp = await startIdp(t)
  const shop = await registerShop(idp)
  await idp.lab.users.patch('alice', { client_claims: { shop: { email: 'alice@shop.example', name: null, tier: 'gold' } } })
  const claims = JSON.stringify({ userinfo: { tier: null }, id_token: { email: null } })
  t.match(await learnt(idp, shop, { claims }), {
    idToken: { email: 'alice@shop.example' }, userinfo: { email: 'alice@shop.example', tier: 'gold', name: undefined }
  })
  t.match((await learnt(idp, idp.relyingParty, { claims })).userinfo, {
    email: 'alice@example.org', name: 'Alice Anders', tier: undefined
  })
})

t.test('asks nobody for claims that a first-party client asks for later, by name', async t => {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  const claims = JSON.stringify({ userinfo: { phone_number: null } })
  const { location } = await visitor.open(idp.authorizationRequest(idp.relyingParty, { claims }))
  const tokens = (await idp.redeem(idp.relyingParty, location?.searchParams.get('code') ?? '')).json()
  t.type((await idp.userinfo(tokens.access_token)).json().phone_number, 'string')
})

t.test('shows on the consent page what the realm\'s scopes and single claims hand over to that client', async t => {
  const idp = await startIdp(t)
  await idp.lab.settings.patch({ scopes: { boats: ['boats', 'tier', 'harbours', 'captain'] } })
  await idp.lab.users.patch('alice', {
    claims: { boats, tier: 3, harbours: ['Skagen', 'Marstal'], captain: false, motto: 'Ahoy' },
    client_claims: { shop: { tier: 4, motto: 'Ship ahoy' } }
  })
  const shop = await registerShop(idp, { scope: 'openid boats', first_party: false })
  const visitor = new Visitor(idp)
  const signIn = await visitor.open(idp.authorizationRequest(shop, asked({ userinfo: { motto: null } }, 'openid boats')))
  const { $ } = await visitor.submit(signIn, { username: 'alice', password: 'alice-lab' }, 'Sign in')
  t.match($('.scope').toArray().map(element => $(element).text()), [/Know who you are/, 'Use “boats”', 'Read these one by one'])
  const shown = Object.fromEntries($('.scopes dl > div').toArray()
    .map(element => [$(element).find('dt').text(), $(element).find('dd').text()]))
  t.same(shown, { boats: JSON.stringify(boats), tier: '4', harbours: 'Skagen, Marstal', captain: 'no', motto: 'Ship ahoy' })
})
