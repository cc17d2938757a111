import { createHash } from 'node:crypto'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import t from 'tap'
import { standardClaimNames } from '../../services/idp/users.ts'
import { startIdp, Visitor } from './helper.ts'

t.test('signs an ID token that says who signed in where, when and how', async t => {
  const idp = await startIdp(t)
  const before = Math.floor(Date.now() / 1000)
  const { id_token: idToken } = await idp.tokensFor('alice', idp.relyingParty, { nonce: 'only-for-this-request' })
  const jwks = (await idp.app.inject('/jwks')).json()
  t.match(decodeProtectedHeader(idToken), { alg: 'RS256', kid: jwks.keys[0].kid })

  const { payload } = await jwtVerify(idToken, createLocalJWKSet(jwks), {
    issuer: idp.config.issuer, audience: 'relying-party', algorithms: ['RS256']
  })
  t.match(payload, { sub: 'usr-7f3a91c0', aud: 'relying-party', nonce: 'only-for-this-request', amr: ['pwd'], sid: /./ })
  const authTime = Number(payload['auth_time'])
  t.ok(authTime >= before && authTime <= Math.ceil(Date.now() / 1000), 'auth_time is now')
  t.equal(payload.exp! - payload.iat!, 3600)
})

t.test('puts name and email address into the ID token of Genesys, which asks at no other place', async t => {
  const idp = await startIdp(t)
  const jwks = createLocalJWKSet((await idp.app.inject('/jwks')).json())
  for (const user of idp.config.users.filter(user => !user.disabled)) {
    const { payload } = await jwtVerify((await idp.tokensFor(user.username, idp.genesys)).id_token, jwks)
    const { name, given_name: givenName, family_name: familyName, email, email_verified: verified } = user.claims
    t.match(payload, { sub: user.sub, aud: 'genesys-messenger' }, user.username)
    t.same(
      [payload['name'], payload['given_name'], payload['family_name'], payload['email'], payload['email_verified']],
      [name, givenName, familyName, email, verified], user.username)
    t.notOk('picture' in payload || 'phone_number' in payload, 'and no more than that')
  }
})

t.test('keeps an ID token of the relying party short, and tells the rest at the userinfo endpoint', async t => {
  const idp = await startIdp(t)
  const jwks = createLocalJWKSet((await idp.app.inject('/jwks')).json())
  for (const user of idp.config.users.filter(user => !user.disabled)) {
    const tokens = await idp.tokensFor(user.username, idp.relyingParty, { scope: 'openid profile email phone address' })
    const { payload } = await jwtVerify(tokens.id_token, jwks)
    for (const claim of ['name', 'given_name', 'email', 'picture']) t.notOk(claim in payload, `${user.username}: ${claim}`)
    const response = await idp.userinfo(tokens.access_token)
    const standard = Object.entries(user.claims).filter(([name]) => standardClaimNames.includes(name))
    t.same(response.json(), { sub: user.sub, ...Object.fromEntries(standard) }, user.username)
  }
})

t.test('tells at the userinfo endpoint only what the scopes allow', async t => {
  const idp = await startIdp(t)
  const { access_token: accessToken } = await idp.tokensFor('alice', idp.relyingParty, { scope: 'openid email' })
  t.same((await idp.userinfo(accessToken)).json(), { sub: 'usr-7f3a91c0', email: 'alice@example.org', email_verified: true })
})

t.test('puts a claim that is asked for by name into the ID token of a client that may have it', async t => {
  const idp = await startIdp(t)
  const claims = JSON.stringify({ id_token: { email: null } })
  const { id_token: idToken } = await idp.tokensFor('alice', idp.genesys, { scope: 'openid', claims })
  const { payload } = await jwtVerify(idToken, createLocalJWKSet((await idp.app.inject('/jwks')).json()))
  t.equal(payload['email'], 'alice@example.org')
})

t.test('shows one session by one sid to both clients, and by another after signing in again', async t => {
  const idp = await startIdp(t)
  const jwks = createLocalJWKSet((await idp.app.inject('/jwks')).json())
  const sidOf = async (code: string | null | undefined) =>
    (await jwtVerify((await idp.redeem(idp.relyingParty, code ?? '')).json().id_token, jwks)).payload['sid']
  const visitor = new Visitor(idp)
  const first = await sidOf((await visitor.signIn('alice')).location?.searchParams.get('code'))
  const again = await sidOf((await visitor.signIn('alice')).location?.searchParams.get('code'))
  const elsewhere = await sidOf(await idp.codeFor('alice'))
  t.type(first, 'string')
  t.equal(again, first, 'the same browser')
  t.not(elsewhere, first, 'another browser')
})

t.test('gives no code for somebody else when the application says whom it means', async t => {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  const ask = async (sub: string) => {
    const claims = JSON.stringify({ id_token: { sub: { value: sub } } })
    return (await visitor.open(idp.authorizationRequest(idp.genesys, { prompt: 'none', claims }))).location!.searchParams
  }
  t.ok((await ask('usr-7f3a91c0')).has('code'), 'alice herself')
  t.equal((await ask('usr-other')).get('error'), 'login_required')
})

for (const [label, authorization] of [
  ['garbage', 'Bearer garbage'],
  ['nothing', undefined],
  ['another scheme', 'Basic YWxpY2U6YWxpY2UtbGFi']
] as const) {
  t.test(`answers ${label} at the userinfo endpoint with 401`, async t => {
    const { app } = await startIdp(t)
    const response = await app.inject({ url: '/me', headers: authorization ? { authorization } : {} })
    t.match(String(response.statusCode), label === 'garbage' ? '401' : /^40[01]$/)
    t.match(response.headers['www-authenticate'], /^Bearer /)
    t.notOk('sub' in response.json())
  })
}

t.test('takes no ID token for an access token', async t => {
  const idp = await startIdp(t)
  t.equal((await idp.userinfo((await idp.tokensFor('alice')).id_token)).statusCode, 401)
})

t.test('tells no page of another origin who somebody is', async t => {
  const idp = await startIdp(t)
  const { access_token: accessToken } = await idp.tokensFor('alice')
  const { statusCode, body } = await idp.app.inject({
    url: '/me', headers: { authorization: `Bearer ${accessToken}`, origin: 'https://evil.example' }
  })
  t.equal(statusCode, 400)
  t.notMatch(body, /usr-7f3a91c0|Alice/)
})

t.test('names the access token by its hash in the ID token, at the redemption of a code and at a refresh', async t => {
  const idp = await startIdp(t)
  const hash = (token: string) => createHash('sha256').update(token).digest().subarray(0, 16).toString('base64url')
  const first = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  t.equal(decodeJwt(first.id_token)['at_hash'], hash(first.access_token))
  const second = (await idp.refresh(idp.relyingParty, first.refresh_token ?? '')).json()
  t.equal(decodeJwt(second.id_token)['at_hash'], hash(second.access_token))
})
