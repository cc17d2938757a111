import { decodeJwt } from 'jose'
import t from 'tap'
import type { RegisteredClient } from '../../../services/idp/clients/registered-clients.ts'
import { rules } from '../../../services/idp/clients/rules.ts'
import { startIdp, Visitor, type Idp, type Tokens } from '../helper.ts'
import { authorizationMistakes } from './authorization-mistakes.ts'
import { checkTokens, letPass, realmWithClients } from './helper.ts'
import { laterMistakes } from './later-mistakes.ts'
import { tokenMistakes } from './token-mistakes.ts'

const idp = await startIdp(t)
const mistakes = [...authorizationMistakes, ...tokenMistakes, ...laterMistakes]

for (const mistake of mistakes) {
  const { before = [], doing, endpoint, make, refusal, rule, section } = mistake

  t.test(`refuses it to a strict client and not to a permissive one: it ${doing}`, async t => {
    const { realm, strict, permissive, other } = await realmWithClients(idp)

    t.same(await make(realm, strict, other), { refusal })
    t.same((await letPass(realm)).map(violation => violation.rule), before, 'nothing is noted of what was refused')

    await realm.lab.ledger.clear()
    await realm.lab.clock.reset()
    const outcome = await make(realm, permissive, other)
    t.notOk(outcome.refusal)
    if (outcome.tokens) await checkTokens(t, realm, permissive, outcome.tokens)
    if (rule === 'scope-not-registered') t.equal(outcome.tokens?.scope, 'openid phone')
    if (outcome.sub) t.equal(outcome.sub, (await realm.lab.users.get('alice')).sub)
    if (mistake.rule.startsWith('post-logout')) t.equal(outcome.left, 'http://elsewhere.localhost/callback')

    const violations = (await letPass(realm)).filter(violation => !before.includes(violation.rule))
    t.match(violations, [{ rule, endpoint, client_id: 'permissive', what: /.{10}/ }])
    t.equal(violations.length, 1)
    t.ok(violations[0]?.specification.endsWith(section))
  })
}

t.test('lists the rules, each of which is broken in these tests', async t => {
  const { realm } = await realmWithClients(idp)
  const { clients, rules: listed } = (await realm.get('/lab/permissive')).json()
  t.same(clients, ['permissive'])
  t.same(listed, rules.map(rule => ({ ...rule, clients: ['permissive'] })))
  for (const { name, specification } of rules) {
    const section = mistakes.find(mistake => mistake.rule === name)?.section
    if (section) t.ok(specification.endsWith(section), name)
    else t.equal(name, 'access-token-made-up', 'is broken in a test of its own')
  }
})

type Attempt = (idp: Idp, client: RegisteredClient, other: RegisteredClient) => Promise<string | undefined>

const authorization = (changes: Record<string, string | undefined>): Attempt => async (idp, client) => {
  const { location, status } = await new Visitor(idp).signIn('alice', client, changes)
  return /\berror=(\w+)/.exec(location?.href ?? '')?.[1] ?? `a page with status ${status}`
}

const redemption = (changes: Record<string, string | undefined>): Attempt => async (idp, client) =>
  (await idp.redeem(client, await idp.codeFor('alice', client), changes)).json().error

const refusedAllTheSame: [string, string, Attempt][] = [
  ['a client_id that nobody has', 'a page with status 400', authorization({ client_id: 'nobody' })],
  ['a redirect URI that is a script', 'a page with status 400', authorization({ redirect_uri: 'javascript:alert(1)' })],
  ['a redirect URI with a fragment', 'a page with status 400', authorization({ redirect_uri: 'http://elsewhere.localhost/#a' })],
  ['a response type that is not supported', 'unsupported_response_type', authorization({ response_type: 'token' })],
  ['a PKCE method that there is not', 'invalid_request', authorization({ code_challenge_method: 'S512' })],
  ['prompt=none together with another', 'invalid_request', authorization({ prompt: 'none login' })],
  ['a code that was never issued', 'invalid_grant', redemption({ code: 'made-up' })],
  ['no code', 'invalid_request', redemption({ code: undefined })],
  ['a grant type that there is not', 'unsupported_grant_type', redemption({ grant_type: 'password' })],
  ['a refresh token that was never issued', 'invalid_grant', async (idp, client) =>
    (await idp.refresh(client, 'made-up')).json().error],
  ['a refresh token that was revoked', 'invalid_grant', async (idp, client) => {
    const { refresh_token: token } = await idp.tokensFor('alice', client)
    await idp.post('/token/revocation', client, { token })
    return (await idp.refresh(client, token!)).json().error
  }],
  ['the code of somebody who has signed out since', 'invalid_grant', async (idp, client) => {
    const code = await idp.codeFor('alice', client)
    await idp.lab.sessions.end('alice')
    return (await idp.redeem(client, code)).json().error
  }],
  ['the code of somebody who was disabled since', 'invalid_grant', async (idp, client) => {
    const code = await idp.codeFor('alice', client)
    await idp.lab.users.disable('alice')
    return (await idp.redeem(client, code)).json().error
  }],
  ['an access token that has ended, of somebody who was disabled since', 'invalid_token', async (idp, client) => {
    const { access_token: token } = await idp.tokensFor('alice', client)
    await idp.lab.users.disable('alice')
    await idp.lab.sessions.end('alice')
    return (await idp.userinfo(token)).json().error
  }],
  ['no access token', 'invalid_token', async idp => (await idp.app.inject({ url: `${idp.base}/me` })).json().error],
  ['an access token of a strict client that has ended', 'invalid_token', async (idp, _client, other) => {
    const { access_token: token } = await idp.tokensFor('alice', other)
    await idp.post('/token/revocation', other, { token })
    return (await idp.userinfo(token)).json().error
  }],
  ['a forged ID token as a hint whom to sign in', 'invalid_request', async (idp, client) => {
    const { id_token: idToken } = await idp.tokensFor('alice', client)
    return await authorization({ id_token_hint: `${idToken.slice(0, -8)}AAAAAAAA` })(idp, client, client)
  }],
  ['an ID token as a hint that is no JWT', 'a page with status 400', async idp => {
    const { status } = await new Visitor(idp).open('/session/end?id_token_hint=made-up')
    return `a page with status ${status}`
  }]
]

for (const [what, refusal, attempt] of refusedAllTheSame) {
  t.test(`refuses to a permissive client too: ${what}`, async t => {
    const { realm, permissive, other } = await realmWithClients(idp)
    t.equal(await attempt(realm, permissive, other), refusal)
    t.same((await letPass(realm)).filter(violation => violation.status < 400), [])
  })
}

t.test('gives a permissive client that makes no mistake what any client gets, with nothing to note', async t => {
  const { realm, strict, permissive } = await realmWithClients(idp)
  const names: string[][] = []
  for (const client of [strict, permissive]) {
    const tokens = await realm.tokensFor('alice', client)
    await checkTokens(t, realm, client, tokens)
    const refreshed: Tokens = (await realm.refresh(client, tokens.refresh_token!)).json()
    await checkTokens(t, realm, client, refreshed)
    names.push(Object.keys(tokens), Object.keys(decodeJwt(tokens.id_token)))
  }
  t.same(names.slice(0, 2), names.slice(2))
  t.same(await letPass(realm), [])
})

t.test('is on and off again at once', async t => {
  const { realm, strict } = await realmWithClients(idp)
  const redeemWithoutVerifier = async () =>
    (await realm.redeem(strict, await realm.codeFor('alice', strict), { code_verifier: undefined })).statusCode

  t.equal(await redeemWithoutVerifier(), 400)
  await realm.lab.clients.patch('strict', { permissive: true })
  t.equal(await redeemWithoutVerifier(), 200)
  await realm.lab.clients.patch('strict', { permissive: false })
  t.equal(await redeemWithoutVerifier(), 400)
  t.match(await letPass(realm), [{ rule: 'code-verifier-missing', client_id: 'strict', status: 200 }])
})

t.test('notes each rule that one request broke, and no secret', async t => {
  const { realm, permissive } = await realmWithClients(idp)
  const code = await realm.codeFor('alice', permissive)
  const secrets = { code_verifier: 'x'.repeat(42), client_secret: 'a-secret-that-is-somebody-else-s' }
  const response = await realm.redeem({ ...permissive, client_secret: secrets.client_secret }, code, {
    code_verifier: secrets.code_verifier, redirect_uri: 'http://elsewhere.localhost/'
  })
  t.equal(response.statusCode, 200)

  const violations = await letPass(realm)
  t.same(violations.map(({ rule }) => rule), ['client-secret-wrong', 'code-verifier-wrong', 'token-request-redirect-uri'])
  for (const { what } of violations) t.notMatch(what, new RegExp([code, ...Object.values(secrets)].join('|')))
})

t.test('is for a lab alone: without LAB, a permissive client is strict, and the log says so', async t => {
  const lines: string[] = []
  const { relyingParty } = idp
  const file = t.testdir({
    'clients.yaml': JSON.stringify([{ ...relyingParty, permissive: true, post_logout_redirect_uris: [] }])
  })
  const settings = { LAB: 'false', LOG_LEVEL: 'warn', CLIENTS_FILE: `${file}/clients.yaml`, STATE_DIR: `${file}/state` }
  const strictIdp = await startIdp(t, settings, { write: line => { lines.push(line) } })
  const response = await strictIdp.redeem(relyingParty, await strictIdp.codeFor('alice'), { code_verifier: undefined })
  t.equal(response.json().error, 'invalid_grant')
  const withoutPkce = { code_challenge: undefined, code_challenge_method: undefined }
  for (const [changes, error] of [[{ prompt: 'none' }, 'login_required'], [withoutPkce, 'invalid_request']] as const) {
    const { location } = await new Visitor(strictIdp).open(strictIdp.authorizationRequest(relyingParty, changes))
    t.equal(location?.searchParams.get('error'), error)
  }
  t.match(lines.join(''), /the client relying-party is permissive, which counts in a lab alone/)
})

t.test('leaves the code of a strict client as good as it was, when a permissive one redeems it', async t => {
  const { realm, permissive, other } = await realmWithClients(idp)
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
  const { realm, permissive, other } = await realmWithClients(idp)
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
  const { realm, permissive, other } = await realmWithClients(idp)
  const tokens = await realm.tokensFor('alice', other)
  const taken: Tokens = (await realm.refresh(permissive, tokens.refresh_token!)).json()
  const refreshed = await realm.refresh(other, tokens.refresh_token!)
  t.equal(refreshed.statusCode, 200)
  await checkTokens(t, realm, other, refreshed.json())
  t.equal((await realm.refresh(permissive, taken.refresh_token!)).statusCode, 200, 'it has one of its own from then on')
  t.equal((await letPass(realm)).length, 1)
})

t.test('ends what a permissive client got for the code of another with the session of the person', async t => {
  const { realm, permissive, other } = await realmWithClients(idp)
  const { refresh_token: refreshToken } = (await realm.redeem(permissive, await realm.codeFor('alice', other))).json() as Tokens
  await realm.lab.sessions.end('alice')
  t.equal((await realm.refresh(permissive, refreshToken!)).json().error, 'invalid_grant')
})

t.test('keeps what was issued before, when a permissive client replays a code or a refresh token', async t => {
  const { realm, permissive } = await realmWithClients(idp)
  const code = await realm.codeFor('alice', permissive)
  const first: Tokens = (await realm.redeem(permissive, code)).json()
  const second: Tokens = (await realm.redeem(permissive, code)).json()
  const third: Tokens = (await realm.refresh(permissive, first.refresh_token!)).json()
  const fourth: Tokens = (await realm.refresh(permissive, first.refresh_token!)).json()
  for (const tokens of [first, second, third, fourth]) await checkTokens(t, realm, permissive, tokens)
})

for (const [what, use] of [['code', 'redeem'], ['refresh token', 'refresh']] as const) {
  t.test(`lets a permissive client use a ${what} in several requests at once, and a strict one in one at most`, async t => {
    const { realm, strict, permissive } = await realmWithClients(idp)
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
  const { realm, strict, permissive } = await realmWithClients(idp)
  const visitor = new Visitor(realm)
  const { location } = await visitor.open(realm.authorizationRequest(permissive, { prompt: 'none' }))
  t.ok(location?.searchParams.has('code'))
  t.same(await visitor.jar.getCookies(idp.config.issuer), [])
  const asStrict = await visitor.open(realm.authorizationRequest(strict, { prompt: 'none' }))
  t.equal(asStrict.location?.searchParams.get('error'), 'login_required')
})

t.test('signs in for prompt=none whom login_hint names or the first user, and nobody where somebody is signed in', async t => {
  const { realm, permissive } = await realmWithClients(idp)
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
  const { realm, permissive } = await realmWithClients(idp)
  await realm.lab.clients.patch('permissive', { first_party: false })
  const visitor = new Visitor(realm)
  await visitor.signIn('alice', realm.relyingParty, { client_id: 'other', redirect_uri: 'http://other.localhost/callback' })
  const { location } = await visitor.open(realm.authorizationRequest(permissive, { prompt: 'none' }))
  t.equal(location?.searchParams.get('error'), 'consent_required')
})

t.test('answers an access token that nobody issued, where a client of the realm is permissive', async t => {
  const { realm } = await realmWithClients(idp)
  const { sub, claims } = await realm.lab.users.get('alice')
  t.match((await realm.userinfo('made-up')).json(), { sub, email: claims['email'] })
  t.match(await letPass(realm), [{ rule: 'access-token-made-up', endpoint: 'userinfo', specification: /rfc6750#section-3\.1$/ }])

  t.equal((await realm.userinfo('x'.repeat(43))).statusCode, 401, 'one that could have been issued to a strict client')
  await realm.lab.clients.patch('permissive', { permissive: false })
  t.equal((await realm.userinfo('made-up')).statusCode, 401, 'where no client is permissive')
})

t.test('answers an access token that has ended only if its client was permissive then and is now', async t => {
  const { realm, strict, permissive } = await realmWithClients(idp)
  for (const client of [strict, permissive]) {
    const { access_token: token } = await realm.tokensFor('alice', client)
    await realm.post('/token/revocation', client, { token })
    await realm.lab.clients.patch(client.client_id, { permissive: !client.permissive })
    t.equal((await realm.userinfo(token)).statusCode, 401)
  }
})

t.test('is about one realm, and does not reach into another', async t => {
  const { permissive } = await realmWithClients(idp)
  const that = await idp.realm('that', { clients: [{ ...permissive, permissive: false }] })
  t.equal((await that.userinfo('made-up')).statusCode, 401)
  t.equal((await that.redeem(permissive, await that.codeFor('alice', permissive), { code_verifier: undefined })).statusCode, 400)
})
