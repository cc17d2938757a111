import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import t from 'tap'
import { standardClaimNames } from '../../../services/idp/accounts/users.ts'
import { startIdp, Visitor, type Idp, type Tokens } from '../helper.ts'

const idp = await startIdp(t)

t.test('signs an ID token that says who signed in where, when and how', async t => {
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
  const { access_token: accessToken } = await idp.tokensFor('alice', idp.relyingParty, { scope: 'openid email' })
  t.same((await idp.userinfo(accessToken)).json(), { sub: 'usr-7f3a91c0', email: 'alice@example.org', email_verified: true })
})

t.test('puts a claim that is asked for by name into the ID token of a client that may have it', async t => {
  const claims = JSON.stringify({ id_token: { email: null } })
  const { id_token: idToken } = await idp.tokensFor('alice', idp.genesys, { scope: 'openid', claims })
  const { payload } = await jwtVerify(idToken, createLocalJWKSet((await idp.app.inject('/jwks')).json()))
  t.equal(payload['email'], 'alice@example.org')
})

const allOf: [string, (realm: Idp) => Promise<unknown>][] = [
  ['of a client that is to find them there', ({ lab }) => lab.clients.patch('relying-party', { id_token_claims: 'all' })],
  ['of every client of such a realm', ({ lab }) => lab.settings.patch({ id_token_claims: 'all' })]
]
for (const [label, set] of allOf) {
  t.test(`puts all claims of the scopes asked for, and none beside, into the ID token ${label}`, async t => {
    const realm = await idp.newRealm()
    await set(realm)
    const tokens = await realm.tokensFor('alice', realm.relyingParty, { scope: 'openid email phone' })
    const claims = decodeJwt(tokens.id_token)
    t.match(claims, (await realm.userinfo(tokens.access_token)).json())
    t.match(claims, { email: 'alice@example.org', phone_number: String })
    t.notOk('name' in claims)
    t.equal('name' in decodeJwt((await realm.tokensFor('bob')).id_token), true, 'with another scope others')
  })
}

t.test('of what all clients of a realm and one client are to find in the ID token, tells both', async t => {
  const realm = await idp.newRealm({ id_token_claims: ['email'] })
  const ofGenesys = decodeJwt((await realm.tokensFor('alice', realm.genesys)).id_token)
  t.match(ofGenesys, { email: 'alice@example.org', name: 'Alice Anders' })
  const ofApplication = decodeJwt((await realm.tokensFor('alice')).id_token)
  t.equal(ofApplication['email'], 'alice@example.org')
  t.notOk('name' in ofApplication)
})

t.test('shows one session by one sid to both clients, and by another after signing in again', async t => {
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
    const { app } = idp
    const response = await app.inject({ url: '/me', headers: authorization ? { authorization } : {} })
    t.match(String(response.statusCode), label === 'garbage' ? '401' : /^40[01]$/)
    t.match(response.headers['www-authenticate'], /^Bearer /)
    t.notOk('sub' in response.json())
  })
}

t.test('takes no ID token for an access token', async t => {
  t.equal((await idp.userinfo((await idp.tokensFor('alice')).id_token)).statusCode, 401)
})

t.test('tells no page of another origin who somebody is', async t => {
  const { access_token: accessToken } = await idp.tokensFor('alice')
  const { statusCode, body } = await idp.app.inject({
    url: '/me', headers: { authorization: `Bearer ${accessToken}`, origin: 'https://evil.example' }
  })
  t.equal(statusCode, 400)
  t.notMatch(body, /usr-7f3a91c0|Alice/)
})

t.test('names the access token by its hash in the ID token, at the redemption of a code and at a refresh', async t => {
  const hash = (token: string) => createHash('sha256').update(token).digest().subarray(0, 16).toString('base64url')
  const first = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  t.equal(decodeJwt(first.id_token)['at_hash'], hash(first.access_token))
  const second = (await idp.refresh(idp.relyingParty, first.refresh_token ?? '')).json()
  t.equal(decodeJwt(second.id_token)['at_hash'], hash(second.access_token))
})

const introspect = async (idp: Idp, client: Idp['relyingParty'], token: string) =>
  (await idp.post('/token/introspection', client, { token })).json() as Record<string, unknown>

t.test('tells a client about its own tokens', async t => {
  const tokens = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  for (const token of [tokens.access_token, tokens.refresh_token!]) {
    t.match(await introspect(idp, idp.relyingParty, token), {
      active: true, client_id: 'relying-party', sub: 'usr-7f3a91c0', iss: idp.config.issuer, scope: /openid/, exp: Number
    })
  }
})

t.test('tells nothing about the tokens of another client, nor about what is no token', async t => {
  const tokens = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  for (const token of [tokens.access_token, tokens.refresh_token!, 'garbage']) {
    t.same(await introspect(idp, idp.genesys, token), { active: false })
  }
})

t.test('ends a token that its client revokes, and what came with it', async t => {
  const tokens = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  t.equal((await idp.post('/token/revocation', idp.relyingParty, { token: tokens.refresh_token! })).statusCode, 200)
  t.equal((await idp.refresh(idp.relyingParty, tokens.refresh_token!)).json().error, 'invalid_grant')
  t.equal((await idp.userinfo(tokens.access_token)).statusCode, 401)
  t.same(await introspect(idp, idp.relyingParty, tokens.access_token), { active: false })
})

t.test('lets no client revoke the token of another, and does not say so', async t => {
  const tokens = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  for (const token of [tokens.access_token, tokens.refresh_token!]) {
    t.equal((await idp.post('/token/revocation', idp.genesys, { token })).statusCode, 200)
  }
  t.equal((await idp.userinfo(tokens.access_token)).statusCode, 200)
  t.equal((await idp.refresh(idp.relyingParty, tokens.refresh_token!)).statusCode, 200)
})

t.test('answers the revocation of what is no token as any other', async t => {
  t.equal((await idp.post('/token/revocation', idp.relyingParty, { token: 'garbage' })).statusCode, 200)
})

for (const path of ['/token/introspection', '/token/revocation']) {
  t.test(`answers at ${path} only to a client that authenticates`, async t => {
    const { access_token: token } = await idp.tokensFor('alice')
    const wrong = await idp.post(path, { ...idp.relyingParty, client_secret: 'not-the-secret-of-anybody' }, { token })
    t.equal(wrong.statusCode, 401)
    t.equal(wrong.json().error, 'invalid_client')
    t.equal((await idp.post(path, undefined, { token })).statusCode, 400)
    t.equal((await idp.userinfo(token)).statusCode, 200, 'the token still works')
  })
}

t.test('gives a refresh token for offline_access that the person has agreed to', async t => {
  const tokens = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  t.type(tokens.refresh_token, 'string')
  t.match(tokens.scope, 'offline_access')
})

const without: [string, Record<string, string>][] = [
  ['without offline_access', { scope: 'openid', prompt: 'consent' }],
  ['without a question to the person', { scope: 'openid offline_access' }],
  ['with offline_access left out of the request', {}]
]
for (const [label, changes] of without) {
  t.test(`gives a client that may have none with the session no refresh token ${label}`, async t => {
    const realm = await idp.newRealm()
    await realm.lab.clients.patch('relying-party', { refresh_tokens: 'offline_access' })
    const tokens = await realm.tokensFor('alice', realm.relyingParty, changes)
    t.type(tokens.access_token, 'string')
    t.notOk('refresh_token' in tokens)
  })
}

t.test('gives every client of a realm where that is so a refresh token without offline_access, which ends with the session', async t => {
  const realm = await idp.newRealm({ refresh_tokens: 'always' })
  await realm.lab.clients.patch('relying-party', { refresh_tokens: 'offline_access' })
  const { refresh_token: refreshToken } = await realm.tokensFor('alice')
  t.equal((await realm.refresh(realm.relyingParty, refreshToken!)).statusCode, 200)
  const { refresh_token: another } = await realm.tokensFor('alice')
  await realm.lab.sessions.end('alice')
  t.match((await realm.refresh(realm.relyingParty, another!)).json(), { error: 'invalid_grant' })
})

t.test('gives fresh tokens about the same sign-in, and another refresh token each time', async t => {
  const first = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  const response = await idp.refresh(idp.relyingParty, first.refresh_token!)
  t.equal(response.statusCode, 200)
  const second = response.json() as Tokens
  t.not(second.refresh_token, first.refresh_token)
  t.not(second.access_token, first.access_token)
  const { sub, sid, auth_time: authTime } = decodeJwt(first.id_token)
  t.match(decodeJwt(second.id_token), { sub, sid, auth_time: authTime })
  t.equal((await idp.userinfo(second.access_token)).statusCode, 200)
})

t.test('takes the reuse of an old refresh token for theft, and revokes the whole family', async t => {
  const first = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  const second = (await idp.refresh(idp.relyingParty, first.refresh_token!)).json() as Tokens

  const reuse = await idp.refresh(idp.relyingParty, first.refresh_token!)
  t.equal(reuse.statusCode, 400)
  t.equal(reuse.json().error, 'invalid_grant')
  t.equal((await idp.refresh(idp.relyingParty, second.refresh_token!)).json().error, 'invalid_grant', 'the newer refresh token')
  t.equal((await idp.userinfo(second.access_token)).statusCode, 401, 'the newer access token')
})

t.test('of refreshes at the same instant lets at most one succeed', async t => {
  const { refresh_token: refreshToken } = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  const responses = await Promise.all([1, 2, 3].map(() => idp.refresh(idp.relyingParty, refreshToken!)))
  t.ok(responses.filter(({ statusCode }) => statusCode === 200).length <= 1)
})

t.test('refuses the refresh token of another client', async t => {
  const { refresh_token: refreshToken } = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  const response = await idp.refresh(idp.genesys, refreshToken!)
  t.equal(response.statusCode, 400)
  t.equal(response.json().error, 'invalid_grant')
})

t.test('keeps a refresh token alive when the person signs out, as offline_access says', async t => {
  const visitor = new Visitor(idp)
  const { location } = await visitor.signIn('alice', idp.relyingParty, idp.offline)
  const { refresh_token: refreshToken } = (await idp.redeem(idp.relyingParty, location!.searchParams.get('code')!)).json() as Tokens
  await visitor.submit(await visitor.open('/session/end'), {}, 'Sign out')
  t.equal((await idp.refresh(idp.relyingParty, refreshToken!)).statusCode, 200)
})

/** Somebody who is signed in at the application, and for whom the Messenger's client has got its tokens without a page. */
async function withMessenger () {
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  const codeForMessenger = async () =>
    (await visitor.open(idp.authorizationRequest(idp.genesys, { prompt: 'none' }))).location!.searchParams.get('code')!
  const tokens = (await idp.redeem(idp.genesys, await codeForMessenger())).json() as Tokens
  return { visitor, tokens, codeForMessenger }
}

t.test('gives a client that may have one with the session a refresh token without a page and without offline_access', async t => {
  const { tokens } = await withMessenger()
  t.notMatch(tokens.scope, /offline_access/)
  t.equal(tokens.expires_in, 15 * 60)

  const response = await idp.refresh(idp.genesys, tokens.refresh_token!)
  t.equal(response.statusCode, 200)
  const next = response.json() as Tokens
  t.equal(next.expires_in, 15 * 60)
  t.match(decodeJwt(next.id_token), { sub: 'usr-7f3a91c0', given_name: 'Alice', email: 'alice@example.org' })
  t.not(next.refresh_token, tokens.refresh_token)
})

t.test('ends a refresh token that came with the session as soon as the person signs out', async t => {
  const { visitor, tokens } = await withMessenger()
  const { refresh_token: rotated } = (await idp.refresh(idp.genesys, tokens.refresh_token!)).json() as Tokens
  await visitor.submit(await visitor.open('/session/end'), {}, 'Sign out')
  const response = await idp.refresh(idp.genesys, rotated!)
  t.equal(response.statusCode, 400)
  t.equal(response.json().error, 'invalid_grant')
})

t.test('ends no refresh token of a person who signs out in another browser', async t => {
  const { tokens } = await withMessenger()
  const other = new Visitor(idp)
  await other.signIn('alice')
  await other.submit(await other.open('/session/end'), {}, 'Sign out')
  t.equal((await idp.refresh(idp.genesys, tokens.refresh_token!)).statusCode, 200)
})

t.test('takes the reuse of a refresh token that came with the session for theft too', async t => {
  const { tokens } = await withMessenger()
  const next = (await idp.refresh(idp.genesys, tokens.refresh_token!)).json() as Tokens
  t.equal((await idp.refresh(idp.genesys, tokens.refresh_token!)).json().error, 'invalid_grant')
  t.equal((await idp.refresh(idp.genesys, next.refresh_token!)).json().error, 'invalid_grant')
})

t.test('gives the application a refresh token with the session, about the same sign-in each time', async t => {
  let tokens = await idp.tokensFor('alice')
  t.notMatch(tokens.scope, /offline_access/)
  const { sub, sid, auth_time: authTime } = decodeJwt(tokens.id_token)
  for (const times of ['once', 'twice', 'three times']) {
    const response = await idp.refresh(idp.relyingParty, tokens.refresh_token!)
    t.equal(response.statusCode, 200, times)
    const next = response.json() as Tokens
    t.match(decodeJwt(next.id_token), { sub, sid, auth_time: authTime })
    t.not(next.refresh_token, tokens.refresh_token)
    t.equal((await idp.userinfo(next.access_token)).statusCode, 200)
    tokens = next
  }
})

for (const seconds of [0, 1, 3600]) {
  t.test(`ends all tokens of the application when an old refresh token is used ${seconds} s after its rotation`, async t => {
    const realm = await idp.newRealm()
    const first = await realm.tokensFor('alice')
    const second = (await realm.refresh(realm.relyingParty, first.refresh_token!)).json() as Tokens
    if (seconds > 0) await realm.lab.clock.advance(seconds)
    const reuse = await realm.refresh(realm.relyingParty, first.refresh_token!)
    t.equal(reuse.statusCode, 400)
    t.match(reuse.json(), { error: 'invalid_grant', error_description: /theft/ })
    t.equal((await realm.refresh(realm.relyingParty, second.refresh_token!)).json().error, 'invalid_grant')
    t.equal((await realm.userinfo(second.access_token)).statusCode, 401)
  })
}

t.test('ends all tokens of the application when one refresh token comes in several requests at once', async t => {
  const first = await idp.tokensFor('alice')
  const responses = await Promise.all([1, 2, 3].map(() => idp.refresh(idp.relyingParty, first.refresh_token!)))
  const [won, lost] = [true, false].map(has => responses.filter(({ statusCode }) => (statusCode === 200) === has))
  t.ok(won!.length <= 1)
  for (const response of lost!) t.match(response.json(), { error: 'invalid_grant' })
  for (const response of won!) {
    const tokens = response.json() as Tokens
    t.equal((await idp.refresh(idp.relyingParty, tokens.refresh_token!)).json().error, 'invalid_grant')
    t.equal((await idp.userinfo(tokens.access_token)).statusCode, 401)
  }
  t.equal((await idp.userinfo(first.access_token)).statusCode, 401)
})

t.test('ends tokens and unused codes of all applications of the session as soon as the person signs out by one', async t => {
  const { visitor, tokens: messenger, codeForMessenger } = await withMessenger()
  const { location } = await visitor.open(idp.authorizationRequest(idp.relyingParty))
  const tokens = (await idp.redeem(idp.relyingParty, location!.searchParams.get('code')!)).json() as Tokens
  const code = await codeForMessenger()
  const parameters = {
    id_token_hint: tokens.id_token, state: 'x', post_logout_redirect_uri: idp.relyingParty.post_logout_redirect_uris[0]!
  }
  const page = await visitor.open(`/session/end?${new URLSearchParams(parameters)}`)
  t.equal(page.location?.href, 'http://app.localhost:3000/logout/callback?state=x')
  t.equal((await idp.refresh(idp.relyingParty, tokens.refresh_token!)).json().error, 'invalid_grant')
  t.equal((await idp.refresh(idp.genesys, messenger.refresh_token!)).json().error, 'invalid_grant')
  t.equal((await idp.redeem(idp.genesys, code)).json().error, 'invalid_grant')
  for (const token of [tokens, messenger]) t.equal((await idp.userinfo(token.access_token)).statusCode, 401)
})

t.test('gives nothing more to a user who was disabled, and goes on when they are enabled again', async t => {
  const folder = t.testdir({})
  const first = await startIdp(t, { STATE_DIR: folder })
  const tokens = await first.tokensFor('alice', first.genesys)
  const users = first.config.users
    .filter(({ username }) => username !== 'ivy')
    .map(user => ({ ...user, disabled: user.username === 'alice' }))
  await first.app.close()
  writeFileSync(join(folder, 'users.yaml'), JSON.stringify(users))

  const second = await startIdp(t, { STATE_DIR: folder, USERS_FILE: join(folder, 'users.yaml') })
  const refused = await second.refresh(second.genesys, tokens.refresh_token!)
  t.equal(refused.statusCode, 400)
  t.strictSame(refused.json(), {
    error: 'invalid_grant', error_description: 'the user has been disabled since the refresh token was issued'
  })
  t.equal((await second.userinfo(tokens.access_token)).statusCode, 401)
  await second.app.close()

  const third = await startIdp(t, { STATE_DIR: folder })
  t.equal((await third.refresh(third.genesys, tokens.refresh_token!)).statusCode, 200)
})
