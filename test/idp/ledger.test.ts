import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import t from 'tap'
import type { LabError } from '../../services/idp/lab-client.ts'
import { startIdp, Visitor, type Idp, type Tokens } from './helper.ts'

const steps = async (idp: Idp, filter = {}) => (await idp.lab.ledger.query(filter)).entries.map(({ endpoint }) => endpoint)

/** Somebody signs in, and the client gets tokens and asks who it is. */
async function signInAndAsk (idp: Idp, username: string, changes = {}, client = idp.relyingParty, visitor = new Visitor(idp)) {
  const { location } = await visitor.signIn(username, client, changes)
  const code = location!.searchParams.get('code')!
  const tokens: Tokens = (await idp.redeem(client, code)).json()
  await idp.userinfo(tokens.access_token)
  return { code, tokens, visitor }
}

t.test('has a whole sign-in in order, as one flow', async t => {
  const idp = await startIdp(t)
  await signInAndAsk(idp, 'alice')
  const { entries } = await idp.lab.ledger.query()
  t.same(entries.map(({ from, endpoint, method, status }) => [from, method, endpoint, status]), [
    ['browser', 'GET', 'authorization', 303],
    ['browser', 'GET', 'interaction', 200],
    ['browser', 'POST', 'sign-in', 303],
    ['browser', 'GET', 'resume', 303],
    ['relying-party', 'POST', 'token', 200],
    ['relying-party', 'GET', 'userinfo', 200]
  ])
  t.equal(new Set(entries.map(({ flow }) => flow)).size, 1)
  t.ok(entries[0]!.flow)
  t.equal(new Set(entries.map(({ session }) => session)).size, 1)
  t.ok(entries[0]!.session)
  for (const { to, client, user, faults, violations, time, durationMs } of entries) {
    t.same({ to, client, user, faults, violations }, {
      to: 'idp', client: 'relying-party', user: 'alice', faults: [], violations: []
    })
    t.ok(Math.abs(Date.parse(time) - Date.now()) < 600_000 && durationMs > 0)
  }
})

t.test('says what was asked and what came back, with secrets shortened', async t => {
  const idp = await startIdp(t)
  const { code, tokens } = await signInAndAsk(idp, 'alice')
  const [authorization, , signIn, resume, token, userinfo] = (await idp.lab.ledger.query()).entries
  t.match(authorization, {
    path: '/auth',
    parameters: { client_id: 'relying-party', state: 'the-state', nonce: 'the-nonce', code_challenge_method: 'S256' },
    answer: { location: /^\/interaction\// }
  })
  t.match(signIn!.parameters, { username: 'alice' })
  t.match(resume!.answer, {
    location: idp.relyingParty.redirect_uris[0],
    code: `${code.slice(0, 6)}…${code.length}`,
    state: 'the-state',
    iss: idp.config.issuer
  })
  t.match(token, {
    parameters: {
      grant_type: 'authorization_code',
      code: `${code.slice(0, 6)}…${code.length}`,
      client_id: 'relying-party',
      token_endpoint_auth_method: 'client_secret_basic',
      code_verifier: /^a-code…\d+$/,
      client_secret: /^.{6}…\d+$/
    },
    answer: { token_type: 'Bearer', id_token: /^eyJ.{3}…\d+$/, access_token: /^.{6}…\d+$/, expires_in: '900' }
  })
  t.match(userinfo, { parameters: { access_token: /^.{6}…\d+$/ }, answer: { email: String } })

  const shown = (await idp.lab.ledger.query({ endpoint: 'token', secrets: 'show' })).entries[0]!
  t.match(shown, {
    parameters: { code, client_secret: idp.relyingParty.client_secret },
    answer: { id_token: tokens.id_token, access_token: tokens.access_token }
  })
})

t.test('never has a password, or a cookie, in it', async t => {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  const page = await visitor.open(idp.authorizationRequest(idp.relyingParty))
  await visitor.submit(page, { username: 'alice', password: 'a-wrong-password' }, 'Sign in')
  await signInAndAsk(idp, 'alice', {}, idp.relyingParty, visitor)
  const everything = JSON.stringify(await idp.lab.ledger.query({ secrets: 'show' }))
  t.match(everything, '"username":"alice"')
  t.notMatch(everything, 'a-wrong-password')
  t.notMatch(everything, idp.config.users.find(({ username }) => username === 'alice')!.password)
  const cookies = await visitor.jar.getCookies(idp.config.issuer)
  t.ok(cookies.length > 0)
  for (const { value } of cookies) t.notOk(everything.includes(value))
})

t.test('does not mix flows of one client that run at the same time, with the same state', async t => {
  const idp = await startIdp(t)
  const usernames = ['alice', 'bob', 'sunniva', 'yuki']
  await Promise.all(usernames.map(username => signInAndAsk(idp, username)))
  const { entries } = await idp.lab.ledger.query()
  t.equal(entries.length, 6 * usernames.length)
  t.equal(new Set(entries.map(({ flow }) => flow)).size, usernames.length)
  for (const user of usernames) {
    const own = entries.filter(entry => entry.user === user)
    t.equal(new Set(own.map(({ flow }) => flow)).size, 1, user)
    t.same(await steps(idp, { flow: own[0]!.flow }), ['authorization', 'interaction', 'sign-in', 'resume', 'token', 'userinfo'])
  }
})

t.test('joins by the session what clients of one browser do, and tells it apart from another browser', async t => {
  const idp = await startIdp(t)
  const { visitor, tokens } = await signInAndAsk(idp, 'alice')
  await signInAndAsk(idp, 'alice', { prompt: 'none' }, idp.genesys, visitor)
  await signInAndAsk(idp, 'alice')

  const { sid } = JSON.parse(Buffer.from(tokens.id_token.split('.')[1]!, 'base64url').toString()) as { sid: string }
  const { entries } = await idp.lab.ledger.query({ session: sid })
  t.same(entries.map(({ client, endpoint }) => `${client} ${endpoint}`), [
    ...['authorization', 'interaction', 'sign-in', 'resume', 'token', 'userinfo'].map(endpoint => `relying-party ${endpoint}`),
    ...['authorization', 'token', 'userinfo'].map(endpoint => `genesys-messenger ${endpoint}`)
  ])
  t.equal(new Set(entries.map(({ flow }) => flow)).size, 2)
  t.equal((await idp.lab.ledger.query({ session: entries[0]!.session! })).count, entries.length)
  t.equal((await idp.lab.ledger.query({ user: 'alice' })).count, entries.length + 6)
})

t.test('follows a flow through consent, refresh, introspection, revocation and sign-out', async t => {
  const idp = await startIdp(t)
  const client = await idp.lab.clients.patch('relying-party', { backchannel_logout_uri: 'http://127.0.0.1:9/nobody-listens' })
  const visitor = new Visitor(idp)
  const { location } = await visitor.signIn('alice', client, idp.offline)
  const tokens: Tokens = (await idp.redeem(client, location!.searchParams.get('code')!)).json()
  const refreshed: Tokens = (await idp.refresh(client, tokens.refresh_token!)).json()
  await idp.post('/token/introspection', client, { token: refreshed.access_token })
  await idp.post('/token/revocation', client, { token: refreshed.refresh_token })
  await idp.userinfo(refreshed.access_token)
  const page = await visitor.open(`/session/end?${new URLSearchParams({ id_token_hint: refreshed.id_token })}`)
  await visitor.submit(page, {}, 'Sign out')

  const [first] = (await idp.lab.ledger.query()).entries
  const { entries } = await idp.lab.ledger.query({ flow: first!.flow! })
  t.same(entries.map(({ endpoint, status }) => `${endpoint} ${status}`), [
    'authorization 303', 'interaction 200', 'sign-in 303', 'resume 303', 'interaction 200', 'consent 303', 'resume 303',
    'token 200', 'token 200', 'introspection 200', 'revocation 200', 'userinfo 401', 'end_session 200', 'end_session_confirm 303',
    'backchannel_logout 0'
  ])
  t.same(entries.at(-4)!.client, 'relying-party', 'known of the token, though it does not work any more')
  t.match(entries.find(({ endpoint }) => endpoint === 'introspection')!.answer, { active: 'true' })
  t.same(await steps(idp, { endpoint: 'end_session_success' }), ['end_session_success'])
})

t.test('says who was refused, and why', async t => {
  const idp = await startIdp(t)
  const { relyingParty } = idp
  await idp.redeem(relyingParty, 'an-invented-code')
  await idp.redeem({ ...relyingParty, client_secret: 'a-secret-that-is-wrong' }, 'an-invented-code')
  await idp.redeem(idp.genesys, 'an-invented-code')
  await new Visitor(idp).open(idp.authorizationRequest(relyingParty, { redirect_uri: 'https://evil.example/' }))
  await new Visitor(idp).open(idp.authorizationRequest(relyingParty, { code_challenge: undefined }))
  await idp.userinfo('an-invented-token')

  const { entries } = await idp.lab.ledger.query()
  t.match(entries, [
    { from: 'relying-party', status: 400, answer: { error: 'invalid_grant' } },
    { from: 'relying-party', status: 401, client: 'relying-party', answer: { error: 'invalid_client' } },
    { from: 'genesys-messenger', parameters: { token_endpoint_auth_method: 'client_secret_post' } },
    { from: 'browser', client: 'relying-party', status: 400, answer: { error: 'invalid_redirect_uri' } },
    { from: 'browser', status: 303, answer: { error: 'invalid_request', state: 'the-state' } },
    { from: 'unknown', status: 401, answer: { error: 'invalid_token' } }
  ])
  t.same(entries.map(({ flow }) => flow !== undefined), [false, false, false, true, true, false], 'authorization requests alone')
})

t.test('says who tried to sign in', async t => {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  const page = await visitor.open(idp.authorizationRequest(idp.relyingParty))
  await visitor.submit(page, { username: 'bob', password: 'wrong' }, 'Sign in')
  await visitor.submit(page, { username: 'nobody', password: 'wrong' }, 'Sign in')
  const { entries } = await idp.lab.ledger.query({ endpoint: 'sign-in' })
  t.match(entries, [
    { status: 422, user: 'bob', client: 'relying-party' }, { status: 422, parameters: { username: 'nobody' } }
  ])
})

t.test('has discovery and keys, and neither health, files of pages nor the lab itself', async t => {
  const idp = await startIdp(t)
  for (const url of ['/.well-known/openid-configuration', '/jwks', '/', '/health', '/assets/pages.css', '/lab/users']) {
    await idp.app.inject({ url, headers: { host: new URL(idp.config.issuer).host } })
  }
  const { entries } = await idp.lab.ledger.query()
  t.same(entries.map(({ from, endpoint }) => `${from} ${endpoint}`), ['unknown discovery', 'unknown jwks', 'browser home'])
  t.equal(entries[0]!.answer['issuer'], idp.config.issuer)
})

t.test('finds everything of one authorization request by its state', async t => {
  const idp = await startIdp(t)
  await signInAndAsk(idp, 'alice', { state: 'one' })
  await signInAndAsk(idp, 'alice', { state: 'another' })
  t.equal((await idp.lab.ledger.query({ state: 'another' })).count, 6)
})

t.test('lets a test wait until the token endpoint was called, and count', async t => {
  const idp = await startIdp(t)
  const { tokens } = await signInAndAsk(idp, 'alice', {}, idp.genesys)
  const { count, last } = await idp.lab.ledger.wait({ endpoint: 'token', client: 'genesys-messenger' })
  t.equal(count, 1)

  const waiting = idp.lab.ledger.wait({ endpoint: 'token', client: 'genesys-messenger', since: last }, { timeout: 60 })
  await idp.refresh(idp.genesys, tokens.refresh_token!)
  t.match(await waiting, { count: 1, entries: [{ parameters: { grant_type: 'refresh_token' } }] })
  const inVain = await idp.lab.ledger.wait({ endpoint: 'token' }, { count: 3, timeout: 0.01 }).catch((error: LabError) => error)
  t.match(inVain, { status: 408, body: { error: 'timeout', count: 2 } })
})

t.test('names the fault that was applied', async t => {
  const idp = await startIdp(t)
  const [fault] = (await idp.lab.faults.catalogue()).filter(({ name }) => name.startsWith('userinfo'))
  await idp.lab.faults.switchOn(fault!.name)
  await signInAndAsk(idp, 'alice')
  t.same(await steps(idp, { fault: fault!.name }), ['userinfo'])
})

t.test('keeps the ledgers of issuers apart, and goes by the clock of each', async t => {
  const idp = await startIdp(t)
  const blue = await idp.realm('blue')
  await blue.lab.clock.set(86_400)
  await signInAndAsk(blue, 'alice')
  t.equal((await idp.lab.ledger.query()).count, 0)
  const { entries } = await blue.lab.ledger.query()
  t.same(entries.map(({ endpoint }) => endpoint), ['authorization', 'interaction', 'sign-in', 'resume', 'token', 'userinfo'])
  for (const { path, time } of entries) {
    t.match(path, /^\/realms\/blue\//)
    t.ok(Date.parse(time) - Date.now() > 86_000_000)
  }
})

t.test('records a request whose connection broke before it was answered', async t => {
  const idp = await startIdp(t)
  await idp.app.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect((idp.app.server.address() as AddressInfo).port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  const headers = ['host: idp', 'content-type: application/x-www-form-urlencoded', 'content-length: 99']
  socket.write(`POST /token HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\ncode=`)
  await once(idp.app.server, 'request')
  socket.destroy()
  t.match(await idp.lab.ledger.wait({ endpoint: 'token' }), { count: 1, entries: [{ status: 0, method: 'POST', answer: {} }] })
})
