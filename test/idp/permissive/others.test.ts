import { decodeJwt } from 'jose'
import t from 'tap'
import { startIdp, Visitor, type Tokens } from '../helper.ts'
import { checkTokens, letPass, realmWithClients } from './helper.ts'

const idp = await startIdp(t)

t.test('leaves the code of a strict client as good as it was, when a permissive one redeems it', async t => {
  const { realm, permissive, other } = await realmWithClients(idp, 'code')
  const code = await realm.codeFor('alice', other)
  const taken: Tokens = (await realm.redeem(permissive, code, { redirect_uri: other.redirect_uris[0] })).json()
  const redeemed = await realm.redeem(other, code)
  t.equal(redeemed.statusCode, 200)
  await checkTokens(t, realm, other, redeemed.json())
  await checkTokens(t, realm, permissive, taken)

  t.equal((await realm.redeem(other, code)).json().error, 'invalid_grant', 'once')
  t.equal((await realm.userinfo(redeemed.json().access_token)).statusCode, 401, 'and as ever a replay takes back what was issued')
  await checkTokens(t, realm, permissive, taken)
})

t.test('keeps apart what a permissive client got itself, and for the code of another, in one session', async t => {
  const { realm, permissive, other } = await realmWithClients(idp, 'apart')
  const visitor = new Visitor(realm)
  const codeFor = async (client: typeof other) => (await visitor.signIn('alice', client)).location!.searchParams.get('code')!
  const own: Tokens = (await realm.redeem(permissive, await codeFor(permissive))).json()
  const code = await codeFor(other)
  const taken: Tokens = (await realm.redeem(permissive, code)).json()
  const theirs: Tokens = (await realm.redeem(other, code)).json()
  for (const tokens of [own, taken]) await checkTokens(t, realm, permissive, tokens)
  const [ownSid, takenSid, theirSid] = [own, taken, theirs].map(tokens => decodeJwt(tokens.id_token)['sid'])
  t.equal(takenSid, ownSid)
  t.not(takenSid, theirSid)
  t.same((await letPass(realm)).map(({ rule }) => rule), ['code-of-another-client', 'token-request-redirect-uri'])
})

t.test('leaves the refresh token of a strict client as good as it was, when a permissive one uses it', async t => {
  const { realm, permissive, other } = await realmWithClients(idp, 'refresh')
  const tokens = await realm.tokensFor('alice', other)
  const taken: Tokens = (await realm.refresh(permissive, tokens.refresh_token!)).json()
  const refreshed = await realm.refresh(other, tokens.refresh_token!)
  t.equal(refreshed.statusCode, 200)
  await checkTokens(t, realm, other, refreshed.json())
  t.equal((await realm.refresh(permissive, taken.refresh_token!)).statusCode, 200, 'it has one of its own from then on')
  t.equal((await letPass(realm)).length, 1)
})

t.test('ends what a permissive client got for the code of another with the session of the person', async t => {
  const { realm, permissive, other } = await realmWithClients(idp, 'session')
  const { refresh_token: refreshToken } = (await realm.redeem(permissive, await realm.codeFor('alice', other))).json() as Tokens
  await realm.lab.sessions.end('alice')
  t.equal((await realm.refresh(permissive, refreshToken!)).json().error, 'invalid_grant')
})

t.test('keeps what was issued before, when a permissive client replays a code or a refresh token', async t => {
  const { realm, permissive } = await realmWithClients(idp, 'replay')
  const code = await realm.codeFor('alice', permissive)
  const first: Tokens = (await realm.redeem(permissive, code)).json()
  const second: Tokens = (await realm.redeem(permissive, code)).json()
  const third: Tokens = (await realm.refresh(permissive, first.refresh_token!)).json()
  const fourth: Tokens = (await realm.refresh(permissive, first.refresh_token!)).json()
  for (const tokens of [first, second, third, fourth]) await checkTokens(t, realm, permissive, tokens)
})

for (const [what, use] of [['code', 'redeem'], ['refresh token', 'refresh']] as const) {
  t.test(`lets a permissive client use a ${what} in several requests at once, and a strict one in one at most`, async t => {
    const { realm, strict, permissive } = await realmWithClients(idp, `instant-${use}`)
    const rule = use === 'redeem' ? 'code-replayed' : 'refresh-token-reused'
    for (const client of [strict, permissive]) {
      const value = use === 'redeem'
        ? await realm.codeFor('alice', client)
        : (await realm.tokensFor('alice', client)).refresh_token!
      const responses = await Promise.all(Array.from({ length: 5 }, () => realm[use](client, value)))
      const good = responses.filter(response => response.statusCode === 200)
      if (client === strict) {
        t.ok(good.length <= 1, `${good.length} succeeded`)
        t.same(await letPass(realm), [])
      } else {
        t.equal(good.length, 5)
        for (const response of good) await checkTokens(t, realm, client, response.json())
        t.same((await letPass(realm)).map(violation => violation.rule), Array(4).fill(rule))
      }
    }
  })
}

t.test('signs nobody in to a browser that a permissive client sends with prompt=none', async t => {
  const { realm, strict, permissive } = await realmWithClients(idp, 'prompt-none')
  const visitor = new Visitor(realm)
  const { location } = await visitor.open(realm.authorizationRequest(permissive, { prompt: 'none' }))
  t.ok(location?.searchParams.has('code'))
  t.same(await visitor.jar.getCookies(idp.config.issuer), [])
  const asStrict = await visitor.open(realm.authorizationRequest(strict, { prompt: 'none' }))
  t.equal(asStrict.location?.searchParams.get('error'), 'login_required')
})

t.test('signs in for prompt=none whom login_hint names or the first user, and nobody where somebody is signed in', async t => {
  const { realm, permissive } = await realmWithClients(idp, 'whom')
  const check = async (outcome: Tokens | string | null | undefined, username: string | undefined) => {
    t.type(outcome, Object)
    await checkTokens(t, realm, permissive, outcome as Tokens, username)
  }
  const askAs = async (visitor: Visitor, hint?: string) => {
    const { location } = await visitor.open(realm.authorizationRequest(permissive, { prompt: 'none', login_hint: hint }))
    const code = location?.searchParams.get('code')
    return code ? (await realm.redeem(permissive, code)).json() as Tokens : location?.searchParams.get('error')
  }
  const users = (await realm.lab.users.list()).filter(user => !user.disabled)
  const [first, second, third] = users.map(user => user.username)

  await check(await askAs(new Visitor(realm)), first)
  await check(await askAs(new Visitor(realm), third), third)
  await check(await askAs(new Visitor(realm), 'nobody'), first)
  await realm.lab.users.disable(first!)
  await check(await askAs(new Visitor(realm)), second)

  const visitor = new Visitor(realm)
  await visitor.signIn(third!, permissive)
  await realm.lab.ledger.clear()
  await check(await askAs(visitor, second), third)
  t.same(await letPass(realm), [])

  for (const { username } of users) await realm.lab.users.disable(username)
  t.equal(await askAs(new Visitor(realm)), 'login_required', 'where there is nobody')
})

t.test('gives no code for prompt=none without consent where somebody is signed in', async t => {
  const { realm, permissive } = await realmWithClients(idp, 'consent')
  await realm.lab.clients.patch('permissive', { first_party: false })
  const visitor = new Visitor(realm)
  await visitor.signIn('alice', realm.relyingParty, { client_id: 'other', redirect_uri: 'http://other.localhost/callback' })
  const { location } = await visitor.open(realm.authorizationRequest(permissive, { prompt: 'none' }))
  t.equal(location?.searchParams.get('error'), 'consent_required')
})

t.test('answers an access token that nobody issued, where a client of the realm is permissive', async t => {
  const { realm } = await realmWithClients(idp, 'made-up')
  const { sub, claims } = await realm.lab.users.get('alice')
  t.match((await realm.userinfo('made-up')).json(), { sub, email: claims['email'] })
  t.match(await letPass(realm), [{ rule: 'access-token-made-up', endpoint: 'userinfo', specification: /rfc6750#section-3\.1$/ }])

  t.equal((await realm.userinfo('x'.repeat(43))).statusCode, 401, 'one that could have been issued to a strict client')
  await realm.lab.clients.patch('permissive', { permissive: false })
  t.equal((await realm.userinfo('made-up')).statusCode, 401, 'where no client is permissive')
})

t.test('answers an access token that has ended only if its client was permissive then and is now', async t => {
  const { realm, strict, permissive } = await realmWithClients(idp, 'then-and-now')
  for (const client of [strict, permissive]) {
    const { access_token: token } = await realm.tokensFor('alice', client)
    await realm.post('/token/revocation', client, { token })
    await realm.lab.clients.patch(client.client_id, { permissive: !client.permissive })
    t.equal((await realm.userinfo(token)).statusCode, 401)
  }
})

t.test('is about one realm, and does not reach into another', async t => {
  const { permissive } = await realmWithClients(idp, 'this')
  const that = await idp.realm('that', { clients: [{ ...permissive, permissive: false }] })
  t.equal((await that.userinfo('made-up')).statusCode, 401)
  t.equal((await that.redeem(permissive, await that.codeFor('alice', permissive), { code_verifier: undefined })).statusCode, 400)
})
