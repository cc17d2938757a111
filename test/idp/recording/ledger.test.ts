import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { Ledger } from '#lib/ledger/ledger.ts'
import { fetch } from '#lib/outbound/outbound.ts'
import { deviceCodeGrant } from '../../../services/idp/clients/registered-clients.ts'
import type { ControlApiError } from '../../../services/idp/control-api/control-api-client.ts'
import { freePorts } from '../../helpers/lab.ts'
import { makeClientKey, postForm, proofFor } from '../provider/helper.ts'
import { startIdp, Visitor, type Idp, type Tokens } from '../helper.ts'

const idp = await startIdp(t)

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
  const realm = await idp.newRealm()
  await signInAndAsk(realm, 'alice')
  const { entries } = await realm.lab.ledger.query()
  t.same(entries.map(({ from, endpoint, method, status }) => [from, method, endpoint, status]), [
    ['browser', 'GET', 'authorization', 303],
    ['browser', 'GET', 'interaction', 200],
    ['browser', 'POST', 'sign_in', 303],
    ['browser', 'GET', 'resume', 303],
    ['relying-party', 'POST', 'token', 200],
    ['relying-party', 'GET', 'userinfo', 200]
  ])
  t.equal(new Set(entries.map(({ flow }) => flow)).size, 1)
  t.ok(entries[0]!.flow)
  t.equal(new Set(entries.map(({ session }) => session)).size, 1)
  t.ok(entries[0]!.session)
  for (const { to, client_id: client, username, faults, violations, time, durationMs } of entries) {
    t.same({ to, client, username, faults, violations }, {
      to: 'idp', client: 'relying-party', username: 'alice', faults: [], violations: []
    })
    t.ok(Math.abs(Date.parse(time) - Date.now()) < 600_000 && durationMs > 0)
  }
})

t.test('says what was asked and what came back, with secrets shortened', async t => {
  const realm = await idp.newRealm()
  const { code, tokens } = await signInAndAsk(realm, 'alice')
  const [authorization, , signIn, resume, token, userinfo] = (await realm.lab.ledger.query()).entries
  t.match(authorization, {
    path: `${realm.base}/auth`,
    parameters: { client_id: 'relying-party', state: 'the-state', nonce: 'the-nonce', code_challenge_method: 'S256' },
    answer: { location: new RegExp(`^${realm.base}/interaction/`) }
  })
  t.match(signIn!.parameters, { username: 'alice' })
  t.match(resume!.answer, {
    location: realm.relyingParty.redirect_uris[0],
    code: `${code.slice(0, 6)}…${code.length}`,
    state: 'the-state',
    iss: realm.issuer
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
    answer: { token_type: 'Bearer', id_token: /^eyJ.{3}…\d+$/, access_token: /^.{6}…\d+$/, expires_in: 900 }
  })
  t.match(userinfo, { parameters: { access_token: /^.{6}…\d+$/ }, answer: { email: String } })

  const shown = (await realm.lab.ledger.query({ endpoint: 'token', secrets: 'show' })).entries[0]!
  t.match(shown, {
    parameters: { code, client_secret: realm.relyingParty.client_secret },
    answer: { id_token: tokens.id_token, access_token: tokens.access_token }
  })
})

t.test('has the proof of a client that binds its tokens to a key, shortened', async t => {
  const realm = await idp.newRealm()
  await postForm(realm, '/token', { client_id: 'relying-party' }, {
    dpop: await proofFor(realm, await makeClientKey(), 'POST', '/token')
  })
  t.match((await realm.lab.ledger.query({ endpoint: 'token' })).entries, [{ parameters: { dpop: /^eyJ.{3}…\d+$/ } }])
})

t.test('never has a password, or a cookie, in it', async t => {
  const realm = await idp.newRealm()
  const visitor = new Visitor(realm)
  const page = await visitor.open(realm.authorizationRequest(realm.relyingParty))
  await visitor.submit(page, { username: 'alice', password: 'a-wrong-password' }, 'Sign in')
  await signInAndAsk(realm, 'alice', {}, realm.relyingParty, visitor)
  const everything = JSON.stringify(await realm.lab.ledger.query({ secrets: 'show' }))
  t.match(everything, '"username":"alice"')
  t.notMatch(everything, 'a-wrong-password')
  t.notMatch(everything, realm.config.users.find(({ username }) => username === 'alice')!.password)
  const cookies = await visitor.jar.getCookies(`${realm.issuer}/auth`)
  t.ok(cookies.length > 0)
  for (const { value } of cookies) t.notOk(everything.includes(value))
})

t.test('does not mix flows of one client that run at the same time, with the same state', async t => {
  const realm = await idp.newRealm()
  const usernames = ['alice', 'bob', 'sunniva', 'yuki']
  await Promise.all(usernames.map(username => signInAndAsk(realm, username)))
  const { entries } = await realm.lab.ledger.query()
  t.equal(entries.length, 6 * usernames.length)
  t.equal(new Set(entries.map(({ flow }) => flow)).size, usernames.length)
  for (const user of usernames) {
    const own = entries.filter(entry => entry.username === user)
    t.equal(new Set(own.map(({ flow }) => flow)).size, 1, user)
    t.same(await steps(realm, { flow: own[0]!.flow }), ['authorization', 'interaction', 'sign_in', 'resume', 'token', 'userinfo'])
  }
})

t.test('joins by the session what clients of one browser do, and tells it apart from another browser', async t => {
  const realm = await idp.newRealm()
  const { visitor, tokens } = await signInAndAsk(realm, 'alice')
  await signInAndAsk(realm, 'alice', { prompt: 'none' }, realm.genesys, visitor)
  await signInAndAsk(realm, 'alice')

  const { sid } = JSON.parse(Buffer.from(tokens.id_token.split('.')[1]!, 'base64url').toString()) as { sid: string }
  const { entries } = await realm.lab.ledger.query({ session: sid })
  t.same(entries.map(({ client_id: client, endpoint }) => `${client} ${endpoint}`), [
    ...['authorization', 'interaction', 'sign_in', 'resume', 'token', 'userinfo'].map(endpoint => `relying-party ${endpoint}`),
    ...['authorization', 'token', 'userinfo'].map(endpoint => `genesys-messenger ${endpoint}`)
  ])
  t.equal(new Set(entries.map(({ flow }) => flow)).size, 2)
  t.equal((await realm.lab.ledger.query({ session: entries[0]!.session! })).count, entries.length)
  t.equal((await realm.lab.ledger.query({ username: 'alice' })).count, entries.length + 6)
})

t.test('follows a flow through consent, refresh, introspection, revocation and sign-out', async t => {
  const realm = await idp.newRealm()
  const client = await realm.lab.clients.patch('relying-party', { backchannel_logout_uri: 'http://127.0.0.1:9/nobody-listens' })
  const visitor = new Visitor(realm)
  const { location } = await visitor.signIn('alice', client, realm.offline)
  const tokens: Tokens = (await realm.redeem(client, location!.searchParams.get('code')!)).json()
  const refreshed: Tokens = (await realm.refresh(client, tokens.refresh_token!)).json()
  await realm.post('/token/introspection', client, { token: refreshed.access_token })
  await realm.post('/token/revocation', client, { token: refreshed.refresh_token })
  await realm.userinfo(refreshed.access_token)
  await visitor.open(`/session/end?${new URLSearchParams({ id_token_hint: refreshed.id_token })}`)

  const [first] = (await realm.lab.ledger.query()).entries
  const { entries } = await realm.lab.ledger.query({ flow: first!.flow! })
  t.same(entries.map(({ endpoint, status }) => `${endpoint} ${status}`), [
    'authorization 303', 'interaction 200', 'sign_in 303', 'resume 303', 'interaction 200', 'consent 303', 'resume 303',
    'token 200', 'token 200', 'introspection 200', 'revocation 200', 'userinfo 401', 'end_session 303', 'backchannel_logout 0'
  ])
  t.same(entries.at(-3)!.client_id, 'relying-party', 'known of the token, though it does not work any more')
  t.match(entries.find(({ endpoint }) => endpoint === 'introspection')!.answer, { active: true })
  t.same(await steps(realm, { endpoint: 'end_session_success' }), ['end_session_success'])
})

t.test('says who was refused, and why', async t => {
  const realm = await idp.newRealm()
  const { relyingParty } = idp
  await realm.redeem(relyingParty, 'an-invented-code')
  await realm.redeem({ ...relyingParty, client_secret: 'a-secret-that-is-wrong' }, 'an-invented-code')
  await realm.redeem(realm.genesys, 'an-invented-code')
  await new Visitor(realm).open(realm.authorizationRequest(relyingParty, { redirect_uri: 'https://evil.example/' }))
  await new Visitor(realm).open(realm.authorizationRequest(relyingParty, { code_challenge: undefined }))
  await realm.userinfo('an-invented-token')

  const { entries } = await realm.lab.ledger.query()
  t.match(entries, [
    { from: 'relying-party', status: 400, answer: { error: 'invalid_grant' } },
    { from: 'relying-party', status: 401, client_id: 'relying-party', answer: { error: 'invalid_client' } },
    { from: 'genesys-messenger', parameters: { token_endpoint_auth_method: 'client_secret_post' } },
    { from: 'browser', client_id: 'relying-party', status: 400, answer: { error: 'invalid_redirect_uri' } },
    { from: 'browser', status: 303, answer: { error: 'invalid_request', state: 'the-state' } },
    { from: 'unknown', status: 401, answer: { error: 'invalid_token' } }
  ])
  t.same(entries.map(({ flow }) => flow !== undefined), [false, false, false, true, true, false], 'authorization requests alone')
})

t.test('says who tried to sign in', async t => {
  const realm = await idp.newRealm()
  const visitor = new Visitor(realm)
  const page = await visitor.open(realm.authorizationRequest(realm.relyingParty))
  await visitor.submit(page, { username: 'bob', password: 'wrong' }, 'Sign in')
  await visitor.submit(page, { username: 'nobody', password: 'wrong' }, 'Sign in')
  const { entries } = await realm.lab.ledger.query({ endpoint: 'sign_in' })
  t.match(entries, [
    { status: 422, username: 'bob', client_id: 'relying-party' }, { status: 422, parameters: { username: 'nobody' } }
  ])
})

t.test('has discovery and keys, and neither health, files of pages nor the lab itself', async t => {
  const realm = await idp.newRealm()
  for (const url of ['/.well-known/openid-configuration', '/jwks', '/', '/health', '/assets/pages.css', '/lab/users']) {
    await realm.get(url)
  }
  const { entries } = await realm.lab.ledger.query()
  t.same(entries.map(({ from, endpoint }) => `${from} ${endpoint}`), ['unknown discovery', 'unknown jwks', 'browser home'])
  t.equal(entries[0]!.answer['issuer'], realm.issuer)
})

t.test('finds everything of one authorization request by its state', async t => {
  const realm = await idp.newRealm()
  await signInAndAsk(realm, 'alice', { state: 'one' })
  await signInAndAsk(realm, 'alice', { state: 'another' })
  t.equal((await realm.lab.ledger.query({ state: 'another' })).count, 6)
})

t.test('lets a test wait until the token endpoint was called, and count', async t => {
  const realm = await idp.newRealm()
  const { tokens } = await signInAndAsk(realm, 'alice', {}, realm.genesys)
  const { count, last } = await realm.lab.ledger.wait({ endpoint: 'token', client_id: 'genesys-messenger' })
  t.equal(count, 1)

  const waiting = realm.lab.ledger.wait({ endpoint: 'token', client_id: 'genesys-messenger', since: last }, { timeout: 60 })
  await realm.refresh(realm.genesys, tokens.refresh_token!)
  t.match(await waiting, { count: 1, entries: [{ parameters: { grant_type: 'refresh_token' } }] })
  const inVain = await realm.lab.ledger.wait({ endpoint: 'token' }, { count: 3, timeout: 0.01 }).catch((error: ControlApiError) => error)
  t.match(inVain, { status: 408, body: { error: 'timeout', count: 2 } })
})

t.test('names the fault that was applied', async t => {
  const realm = await idp.newRealm()
  const [fault] = (await realm.lab.faults.catalogue()).filter(({ name }) => name.startsWith('userinfo'))
  await realm.lab.faults.switchOn(fault!.name)
  await signInAndAsk(realm, 'alice')
  t.same(await steps(realm, { fault: fault!.name }), ['userinfo'])
})

t.test('keeps the ledgers of issuers apart, and goes by the clock of each', async t => {
  const [realm, blue] = [await idp.newRealm(), await idp.newRealm()]
  await blue.lab.clock.set(86_400)
  await signInAndAsk(blue, 'alice')
  t.equal((await realm.lab.ledger.query()).count, 0)
  const { entries } = await blue.lab.ledger.query()
  t.same(entries.map(({ endpoint }) => endpoint), ['authorization', 'interaction', 'sign_in', 'resume', 'token', 'userinfo'])
  for (const { path, time } of entries) {
    t.ok(path.startsWith(`${blue.base}/`), path)
    t.ok(Date.parse(time) - Date.now() > 86_000_000)
  }
})

t.test('records a request whose connection broke before it was answered', async t => {
  const realm = await idp.newRealm()
  await realm.app.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect((realm.app.server.address() as AddressInfo).port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  const headers = ['host: idp', 'content-type: application/x-www-form-urlencoded', 'content-length: 99']
  socket.write(`POST ${realm.base}/token HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\ncode=`)
  await once(realm.app.server, 'request')
  socket.destroy()
  t.match(await realm.lab.ledger.wait({ endpoint: 'token' }), { count: 1, entries: [{ status: 0, method: 'POST', answer: {} }] })
})

/** The endpoints of a flow, in order. */
async function stepsOf (idp: Idp, flow: string | undefined) {
  const { entries } = await idp.lab.ledger.query({ flow: flow ?? 'none' })
  return entries.map(({ from, endpoint, status }) => `${from}: ${endpoint} ${status}`)
}

/** A client's endpoint for logout tokens, on a port of its own. */
async function startLogoutEndpoint (t: Test, listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/backchannel-logout?from=idp`
}

/** Alice signs in to both clients in one browser, and signs out of everything. */
async function signInToBothAndOut (idp: Idp, { asked = true } = {}) {
  const visitor = new Visitor(idp)
  const { location } = await visitor.signIn('alice')
  const tokens: Tokens = (await idp.redeem(idp.relyingParty, location!.searchParams.get('code')!)).json()
  await visitor.signIn('alice', idp.genesys, { prompt: 'none' })
  const parameters = asked ? { client_id: 'relying-party' } : { id_token_hint: tokens.id_token }
  const page = await visitor.open(`/session/end?${new URLSearchParams(parameters)}`)
  if (asked) await visitor.submit(page, {}, 'Sign out')
}

t.test('has the logout token that a client was sent, where it belongs in the sign-out', async t => {
  const realm = await idp.newRealm()
  const uri = await startLogoutEndpoint(t, (_request, response) => { response.end() })
  await realm.lab.clients.patch('genesys-messenger', { backchannel_logout_uri: uri })
  await realm.lab.clients.patch('relying-party', { backchannel_logout_uri: `${uri}&to=another` })
  await signInToBothAndOut(realm)

  const [sent] = (await realm.lab.ledger.query({ endpoint: 'backchannel_logout', to: 'genesys-messenger' })).entries
  t.match(sent, {
    from: 'idp',
    to: 'genesys-messenger',
    client_id: 'genesys-messenger',
    username: 'alice',
    method: 'POST',
    path: '/backchannel-logout',
    status: 200,
    parameters: { logout_token: /^eyJ.{3}…\d+$/ }
  })
  t.same((await stepsOf(realm, sent!.flow)).slice(-4), [
    'browser: end_session 200', 'browser: end_session_confirm 303', 'idp: backchannel_logout 200', 'idp: backchannel_logout 200'
  ])
  const lastOfSession = (await realm.lab.ledger.query({ session: sent!.session! })).entries.slice(-2)
  t.same(lastOfSession.map(({ to }) => to).sort(), ['genesys-messenger', 'relying-party'])
  const [shown] = (await realm.lab.ledger.query({ endpoint: 'backchannel_logout', secrets: 'show' })).entries
  t.match(shown!.parameters['logout_token'], /^eyJ[\w.-]+$/)
})

t.test('says what a client answered to its logout token, and when it could not be reached', async t => {
  const realm = await idp.newRealm()
  const uri = await startLogoutEndpoint(t, (_request, response) => { response.writeHead(400).end() })
  await realm.lab.clients.patch('genesys-messenger', { backchannel_logout_uri: uri })
  await realm.lab.clients.patch('relying-party', { backchannel_logout_uri: 'http://127.0.0.1:9/nobody-listens' })
  await signInToBothAndOut(realm, { asked: false })
  t.match((await realm.lab.ledger.query({ endpoint: 'end_session' })).entries, [{ username: 'alice', client_id: 'relying-party', status: 303 }])
  t.match((await realm.lab.ledger.query({ endpoint: 'backchannel_logout', to: 'genesys-messenger' })).entries, [{ status: 400 }])
  t.match((await realm.lab.ledger.query({ endpoint: 'backchannel_logout', to: 'relying-party' })).entries, [{ status: 0 }])
})

t.test('follows a pushed authorization request from the push', async t => {
  const realm = await idp.newRealm()
  const client = realm.relyingParty
  await realm.lab.clients.patch(client.client_id, { pushed_authorization_requests: 'allowed' })
  const parameters = Object.fromEntries(new URLSearchParams(realm.authorizationRequest(client, { state: 'pushed' }).split('?')[1]))
  const { request_uri: requestUri } = (await realm.post('/request', client, parameters)).json()
  const visitor = new Visitor(realm)
  const page = await visitor.open(`/auth?${new URLSearchParams({ client_id: client.client_id, request_uri: requestUri })}`)
  const { location } = await visitor.submit(page, { username: 'alice', password: realm.config.users[0]!.password }, 'Sign in')
  await realm.redeem(client, location!.searchParams.get('code')!)

  const [pushed] = (await realm.lab.ledger.query({ state: 'pushed' })).entries
  t.same(await stepsOf(realm, pushed!.flow), [
    'relying-party: pushed_authorization_request 201',
    'browser: authorization 303',
    'browser: interaction 200',
    'browser: sign_in 303',
    'browser: resume 303',
    'relying-party: token 200'
  ])
})

t.test('follows a device and the browser in which somebody lets it in', async t => {
  const realm = await idp.newRealm()
  const client = realm.relyingParty
  await realm.lab.clients.patch(client.client_id, { grant_types: ['authorization_code', 'refresh_token', deviceCodeGrant] })
  const device = (await realm.post('/device/auth', client, { client_id: client.client_id, scope: 'openid' })).json()
  const ask = () => realm.post('/token', client, { grant_type: deviceCodeGrant, device_code: device.device_code })
  await ask()
  const visitor = new Visitor(realm)
  let page = await visitor.submit(await visitor.open('/device'), { user_code: device.user_code }, 'Continue')
  page = await visitor.submit(page, {}, 'Sign in and connect')
  await visitor.submit(page, { username: 'alice', password: realm.config.users[0]!.password }, 'Sign in')
  const tokens: Tokens = (await ask()).json()
  await realm.userinfo(tokens.access_token)

  const { entries } = await realm.lab.ledger.query()
  t.same(await stepsOf(realm, entries[0]!.flow), [
    'relying-party: device_authorization 200',
    'relying-party: token 400',
    'browser: code_verification 200',
    'browser: code_verification 303',
    'browser: interaction 200',
    'browser: sign_in 303',
    'browser: device_resume 200',
    'relying-party: token 200',
    'relying-party: userinfo 200'
  ])
  const everything = JSON.stringify(await realm.lab.ledger.query())
  t.notMatch(everything, device.device_code)
  t.notMatch(everything, device.user_code)
})

t.test('the ledger has a bound for what its entries hold together', async t => {
  const ledger = new Ledger({ maxLength: 10_000 })
  for (let number = 0; number < 10; number++) {
    ledger.record({
      time: '',
      from: 'a',
      to: 'b',
      method: 'POST',
      endpoint: 'token',
      path: '/token',
      parameters: { large: 'x'.repeat(3000) },
      status: 200,
      answer: {},
      faults: [],
      violations: [],
      durationMs: 0
    })
  }
  t.match(ledger.query(), { count: 3, forgotten: 7 })
})

t.test('keeps nobody waiting who waits for an exchange when it ends', async t => {
  const { app, config } = await startIdp(t, await freePorts())
  await app.listen({ host: '127.0.0.1', port: config.port })
  const waiting = fetch(`${config.issuer}/lab/ledger/wait?endpoint=token&timeout=60`)
  await once(app.server, 'request')
  await app.close()
  t.equal((await waiting).status, 408)
})
