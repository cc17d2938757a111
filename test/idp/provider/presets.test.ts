// A realm that is like a product: what an application sees of it that it would not of the lab's own provider.
import { decodeJwt } from 'jose'
import t from 'tap'
import { refusalOf, startIdp, Visitor, type Idp } from '../helper.ts'
import { discover } from './helper.ts'

const idp = await startIdp(t)
const names = ['okta', 'auth0', 'keycloak', 'entra'] as const
const zoe = {
  username: 'zoe',
  password: 'zoe-lab',
  claims: { name: 'Zoe Zimmer', given_name: 'Zoe', email: 'zoe.zimmer@example.org', email_verified: true, updated_at: 1_700_000_000, groups: ['staff'], roles: ['buyer'] }
}
const shop = { client_id: 'shop', redirect_uris: ['http://localhost:8080/callback'], first_party: true }

/** A realm that is like a product, a client of it, and what that gets for somebody who signs in. */
async function signedIn (like: typeof names[number] | 'none', scope = 'openid profile email', claims: Record<string, unknown> = zoe.claims) {
  const realm = await idp.newRealm({ like, users: [{ ...zoe, claims }], clients: [{ ...shop, scope: `${scope} offline_access` }] })
  const client = await realm.lab.clients.get('shop')
  const visitor = new Visitor(realm)
  let page = await visitor.open(realm.authorizationRequest(client, { scope: `${scope} offline_access`, prompt: 'consent' }))
  page = await visitor.submit(page, { username: 'zoe', password: 'zoe-lab' }, 'Sign in')
  if (page.$('button:contains("Allow")').length > 0) page = await visitor.submit(page, {}, 'Allow')
  const code = page.location!.searchParams.get('code')!
  const response = await realm.redeem(client, code)
  t.equal(response.statusCode, 200, response.body)
  const tokens = response.json()
  return { realm, client, visitor, location: page.location!, code, tokens, idToken: decodeJwt(tokens.id_token), userinfo: (await realm.userinfo(tokens.access_token)).json() }
}

t.test('like Okta, an ID token has the login for a user name and says little else, and userinfo says the rest, the groups too', async t => {
  const { realm, tokens, idToken, userinfo } = await signedIn('okta', 'openid profile email groups')
  t.match(idToken, { ver: 1, jti: /^ID\./, idp: /^00o/, preferred_username: 'zoe.zimmer@example.org', name: 'Zoe Zimmer', email: 'zoe.zimmer@example.org', amr: ['pwd'] })
  for (const name of ['given_name', 'groups']) t.notOk(name in idToken, name)
  t.match(userinfo, { given_name: 'Zoe', updated_at: 1_700_000_000, groups: ['staff'] })
  t.notOk('ver' in userinfo)
  t.equal(tokens.expires_in, 3_600)
  t.match(await realm.lab.settings.get(), { token_lifetimes: { code: 300 } })
})

t.test('like Auth0, an ID token has all, the time of a change as a text, and claims of one\'s own by a URL', async t => {
  const { tokens, idToken, userinfo } = await signedIn('auth0')
  t.match(idToken, { nickname: 'zoe.zimmer', given_name: 'Zoe', updated_at: '2023-11-14T22:13:20.000Z', 'https://example.com/groups': ['staff'], 'https://example.com/roles': ['buyer'] })
  t.notOk('groups' in idToken)
  t.match(userinfo, { updated_at: '2023-11-14T22:13:20.000Z' })
  t.equal(tokens.expires_in, 86_400)
  t.equal(idToken.exp! - idToken.iat!, 36_000)
})

t.test('like Keycloak, a token says what it is and for whom, and realm_access has the roles unasked', async t => {
  const { tokens, idToken, userinfo } = await signedIn('keycloak')
  t.match(idToken, {
    typ: 'ID', azp: 'shop', jti: /^[0-9a-f-]{36}$/, preferred_username: 'zoe', realm_access: { roles: ['buyer'] }, resource_access: { account: { roles: Array } }
  })
  t.match(userinfo, { realm_access: { roles: ['buyer'] } })
  t.equal(tokens.expires_in, 300)
})

t.test('like Keycloak, the groups of MicroProfile are those that somebody has, or else the roles', async t => {
  const groupsOf = async (claims: Record<string, unknown>) => (await signedIn('keycloak', 'openid microprofile-jwt', claims)).idToken['groups']
  t.strictSame(await groupsOf({ groups: ['staff'], roles: ['buyer'] }), ['staff'])
  t.strictSame(await groupsOf({ roles: ['buyer'] }), ['buyer'])
})

t.test('like Entra ID, an ID token has oid, tid and ver, and the login for a user name', async t => {
  const { tokens, idToken, userinfo, realm } = await signedIn('entra')
  const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
  t.match(idToken, { ver: '2.0', tid: guid, oid: guid, uti: String, rh: String, preferred_username: 'zoe.zimmer@example.org', groups: ['staff'], roles: ['buyer'] })
  for (const name of ['email_verified', 'given_name']) t.notOk(name in idToken, name)
  t.strictSame(userinfo, { sub: idToken.sub, name: 'Zoe Zimmer', given_name: 'Zoe', email: 'zoe.zimmer@example.org' })
  t.equal(tokens.expires_in, 4_500)
  t.match(await realm.lab.settings.get(), { like: 'entra', token_lifetimes: { refresh_token: 90 * 86_400, code: 600 } })
})

for (const like of [...names, 'none'] as const) {
  t.test(`like ${like}, authorization responses and discovery agree on whether they name the issuer`, async t => {
    const { realm, client, location } = await signedIn(like)
    const names = ['keycloak', 'none'].includes(like)
    t.equal(location.searchParams.get('iss'), names ? realm.issuer : null)
    const refused = (await new Visitor(realm).open(realm.authorizationRequest(client, { prompt: 'none' }))).location!
    t.equal(refused.searchParams.get('error'), 'login_required')
    t.equal(refused.searchParams.get('iss'), names ? realm.issuer : null, 'also in a refusal')
    const discovery = await discover(realm)
    t.equal(discovery['authorization_response_iss_parameter_supported'], names ? true : undefined)
    t.equal('pushed_authorization_request_endpoint' in discovery, ['okta', 'keycloak'].includes(like), 'clients can push their requests')
  })

  t.test(`like ${like}, a refresh token works ${like === 'none' ? 'once' : 'again and again'}`, async t => {
    const { realm, client, tokens } = await signedIn(like)
    t.equal((await realm.refresh(client, tokens.refresh_token)).statusCode, 200)
    t.equal((await realm.refresh(client, tokens.refresh_token)).statusCode, like === 'none' ? 400 : 200)
  })

  t.test(`like ${like}, somebody is ${['okta', 'entra'].includes(like) ? 'signed out unasked' : 'asked before a sign-out that says not who they are'}`, async t => {
    const { visitor } = await signedIn(like)
    const page = await visitor.open('/session/end')
    t.match(page.text, ['okta', 'entra'].includes(like) ? /You are signed out/ : /Do you want to sign out|Sign out/)
    t.equal(page.$('button:contains("Sign out")').length, ['okta', 'entra'].includes(like) ? 0 : 1)
  })
}

t.test('like Keycloak, there is a refresh token without offline_access; like the others, none', async t => {
  for (const like of names) {
    const realm = await idp.newRealm({ like })
    await realm.lab.clients.patch('relying-party', { refresh_tokens: 'offline_access' })
    t.equal('refresh_token' in await realm.tokensFor('alice'), like === 'keycloak', like)
  }
})

t.test('like Entra ID, an error of the token endpoint has a number, and what support would ask for', async t => {
  const { realm, client, code } = await signedIn('entra')
  const errorOf = async (response: ReturnType<Idp['post']>) => (await response).json()
  t.match(await errorOf(realm.redeem(client, code)), {
    error: 'invalid_grant', error_description: /^AADSTS54005: .*\r\nTrace ID: .*\r\nCorrelation ID: .*\r\nTimestamp: .*Z$/, error_codes: [54005], trace_id: String, correlation_id: String, timestamp: /Z$/
  })
  t.match(await errorOf(realm.redeem({ ...client, client_secret: 'a-secret-that-is-wrong' }, code)), { error: 'invalid_client', error_codes: [7000215] })
  t.match(await errorOf(realm.refresh(client, 'no-refresh-token')), { error: 'invalid_grant', error_codes: [70008] })
  t.match(await errorOf(realm.redeem(client, code, { grant_type: 'none' })), { error: 'unsupported_grant_type', error_codes: [70003] })
  t.match(await errorOf(realm.post('/token', client, { grant_type: 'authorization_code' })), { error: 'invalid_request', error_codes: [900144] })
  t.match(await errorOf(realm.redeem(client, code, { client_secret: 'once-more' })), { error: 'invalid_request', error_codes: [9002313] })
  for (const [wrong, number] of [[{ code_verifier: 'x'.repeat(43) }, 501481], [{ redirect_uri: 'http://localhost:8080/elsewhere' }, 50011]] as const) {
    const { client, code, realm } = await signedIn('entra')
    t.match(await errorOf(realm.redeem(client, code, wrong)), { error: 'invalid_grant', error_codes: [number] })
  }
})

t.test('what is said beside wins over the product, of the realm and of a client', async t => {
  const realm = await idp.newRealm({ like: 'okta', token_lifetimes: { access_token: 60 }, clients: [{ ...shop, pushed_authorization_requests: 'off' }] })
  t.match(await realm.lab.settings.get(), { token_lifetimes: { access_token: 60 }, scopes: { groups: ['groups'] } })
  t.equal((await realm.lab.clients.get('shop')).pushed_authorization_requests, 'off')
  await realm.lab.settings.patch({ refresh_tokens: 'always' })
  t.match(await realm.lab.settings.get(), { like: 'okta', token_lifetimes: { access_token: 60 }, refresh_tokens: 'always' })
  await realm.lab.settings.patch({ like: 'entra' })
  t.match(await realm.lab.settings.get(), { like: 'entra', token_lifetimes: { access_token: 4_500 } })
})

t.test('a product that there is not is refused with what was meant', async t => {
  t.match(await refusalOf(idp.lab.realms.put('typo', { like: 'okto' as 'okta' })), { status: 400, description: /okta/ })
})
