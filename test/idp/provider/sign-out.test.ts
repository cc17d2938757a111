import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mock } from 'node:test'
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import t, { type Test } from 'tap'
import { SqliteCollection } from '#lib/store/sqlite/sqlite-collection.ts'
import { StateError } from '#lib/store/state-error.ts'
import type { RegisteredClient } from '../../../services/idp/clients/registered-clients.ts'
import { discover, registerShop } from './helper.ts'
import { refusalOf, startIdp, Visitor, type Idp, type Tokens } from '../helper.ts'

const idp = await startIdp(t)

const home = 'http://app.localhost:3000/'

/** Somebody who is signed in, and the address of the end-session endpoint that the application sends them to. */
async function signedIn () {
  const visitor = new Visitor(idp)
  const { location } = await visitor.signIn('alice')
  const { id_token: idToken } = (await idp.redeem(idp.relyingParty, location!.searchParams.get('code')!)).json() as Tokens
  const endSession = (parameters: Record<string, string> = {}) =>
    `/session/end?${new URLSearchParams({
      id_token_hint: idToken, post_logout_redirect_uri: home, state: 'the-state', ...parameters
    })}`
  const question = () =>
    `/session/end?${new URLSearchParams({ client_id: 'relying-party', post_logout_redirect_uri: home, state: 'the-state' })}`
  return { idp, visitor, endSession, question, idToken }
}

t.test('signs out without a question for a first-party client that knows the session, and goes back with its state', async t => {
  const { visitor, endSession } = await signedIn()
  t.equal(await visitor.isKnown(), true, 'before')
  t.equal((await visitor.request(endSession(), { method: 'HEAD' })).status, 200)
  t.equal(await visitor.isKnown(), true, 'after a HEAD')
  const stolen = new Visitor(idp, await visitor.jar.clone())
  const page = await visitor.open(endSession())
  t.equal(page.location?.href, `${home}?state=the-state`)
  t.same(visitor.jar.getCookiesSync(`${idp.issuer}/auth`).map(({ key }) => key), [], 'no cookie is left')
  t.equal(await visitor.isKnown(), false, 'after')
  t.equal(await stolen.isKnown(), false, 'whatever cookies somebody has kept')
})

t.test('a sign-out that cannot be kept is answered with what is wrong, and works once it can', async t => {
  const { visitor, endSession } = await signedIn()
  const { set } = SqliteCollection.prototype
  const isAway = async () => { throw new StateError('the store', 'is away') }
  // From when the first half is done.
  let isHalfDone = false
  mock.method(SqliteCollection.prototype, 'delete', isAway)
  mock.method(SqliteCollection.prototype, 'set', async function (this: SqliteCollection<unknown>, ...entry: Parameters<typeof set>) {
    if (isHalfDone) return isAway()
    isHalfDone = true
    await set.apply(this, entry)
  })
  t.teardown(() => mock.restoreAll())
  const page = await visitor.open(endSession())
  t.equal(page.status, 503)
  t.match(page.$('.lead').text(), /nothing has happened. Try again in a moment/)
  mock.restoreAll()
  t.equal(await visitor.isKnown(), true)
  t.equal((await visitor.open(endSession())).location?.href, `${home}?state=the-state`)
})

t.test('does so in a realm, without a way back, with a hint too long for a URL, and where a form of another site sends it', async t => {
  for (const issuer of [idp, await idp.newRealm()]) {
    await issuer.lab.users.put('zoe', { claims: { groups: Array.from({ length: 400 }, (_, index) => `a-group-with-the-number-${index}`) } })
    await issuer.lab.clients.patch('relying-party', { id_token_claims: ['groups'] })
    const visitor = new Visitor(issuer)
    const page = await visitor.open(issuer.authorizationRequest(issuer.relyingParty, { claims: '{"id_token":{"groups":null}}' }))
    const { location } = await visitor.submit(page, { username: 'zoe', password: 'zoe-lab' }, 'Sign in')
    const { id_token: hint } = (await issuer.redeem(issuer.relyingParty, location!.searchParams.get('code')!)).json() as Tokens
    t.ok(hint.length > 12_000)
    const posted = await visitor.request('/session/end', { form: { id_token_hint: hint }, inFrame: true })
    const done = await visitor.follow(posted)
    t.equal(done.$('h1').text(), 'You are signed out')
    t.equal(await visitor.isKnown(), false, issuer.issuer)
    await issuer.lab.users.reset()
    await issuer.lab.clients.reset()
  }
})

t.test('asks where an ID token is not of this session, not of this person, or of nobody\'s first-party client', async t => {
  const realm = await idp.newRealm()
  const shop = await registerShop(realm, { first_party: false })
  const hintOf = async (visitor: Visitor, username: string, client: RegisteredClient) => {
    const { location } = await visitor.signIn(username, client)
    return (await realm.redeem(client, location!.searchParams.get('code')!)).json().id_token as string
  }
  const visitor = new Visitor(realm)
  await hintOf(visitor, 'alice', realm.relyingParty)
  const hints = {
    'another session': await hintOf(new Visitor(realm), 'alice', realm.relyingParty),
    'another person': await hintOf(new Visitor(realm), 'bob', realm.relyingParty),
    'third party': await hintOf(visitor, 'alice', shop)
  }
  for (const [label, hint] of Object.entries(hints)) {
    const page = await visitor.open(`/session/end?${new URLSearchParams({ id_token_hint: hint })}`)
    t.equal(page.$('h1').text(), 'Sign out of Tern ID?', label)
  }
  t.equal((await visitor.open('/session/end?client_id=relying-party')).$('h1').text(), 'Sign out of Tern ID?', 'no hint')
  t.equal(await visitor.isKnown(), true)
})

t.test('asks in its own design, with a form that works without a script', async t => {
  const { visitor, question } = await signedIn()
  const { status, $, headers } = await visitor.open(question())
  t.equal(status, 200)
  t.equal($('h1').text(), 'Sign out of Tern ID?')
  t.match($('.lead').text(), 'Saltmarsh Kayaks')
  t.equal($('link[href="/assets/pages.css"]').length, 1)
  t.equal($('script').length, 0)
  t.same($('button').toArray().map(button => $(button).text()), ['Sign out', 'Stay signed in'])
  t.match(headers.get('content-security-policy'), "default-src 'none'")
})

t.test('ends the session and goes back to the application, with its state', async t => {
  const { visitor, question } = await signedIn()
  t.equal(await visitor.isKnown(), true, 'before')
  const { location } = await visitor.submit(await visitor.open(question()), {}, 'Sign out')
  t.equal(location?.href, `${home}?state=the-state`)
  t.equal(await visitor.isKnown(), false, 'after')
})

t.test('keeps the session of somebody who wants to stay signed in, and goes back too', async t => {
  const { visitor, question } = await signedIn()
  const { location } = await visitor.submit(await visitor.open(question()), {}, 'Stay signed in')
  t.equal(location?.href, `${home}?state=the-state`)
  t.equal(await visitor.isKnown(), true)
})

const refused: [string, Record<string, string>][] = [
  ['an address that is not registered', { post_logout_redirect_uri: 'https://evil.example/' }],
  ['an address with a longer path', { post_logout_redirect_uri: `${home}more` }],
  ['an address without its slash', { post_logout_redirect_uri: home.slice(0, -1) }],
  ['a hint that is no ID token', { id_token_hint: 'garbage' }],
  ['a hint that somebody has changed', { id_token_hint: 'eyJhbGciOiJub25lIn0.eyJhdWQiOiJyZWx5aW5nLXBhcnR5In0.' }],
  ['another client than that of the hint', { client_id: 'genesys-messenger' }]
]
for (const [label, parameters] of refused) {
  t.test(`refuses ${label} with a page, and ends nothing`, async t => {
    const { visitor, endSession } = await signedIn()
    const { status, location, $, headers } = await visitor.open(endSession(parameters))
    t.equal(status, 400)
    t.equal(location, undefined)
    t.match(headers.get('content-type'), 'text/html')
    t.match($('title').text(), 'Tern ID')
    t.equal(await visitor.isKnown(), true)
  })
}

t.test('goes to no address that comes without a client', async t => {
  const { visitor } = await signedIn()
  const page = await visitor.open(`/session/end?${new URLSearchParams({ post_logout_redirect_uri: 'https://evil.example/' })}`)
  const done = await visitor.submit(page, {}, 'Sign out')
  t.equal(done.location, undefined)
  t.equal(done.status, 200)
  t.equal(done.$('h1').text(), 'You are signed out')
  t.equal(done.$('a.primary').attr('href'), home)
  t.equal(await visitor.isKnown(), false)
})

t.test('lets no other site answer its question', async t => {
  const { visitor, question } = await signedIn()
  await visitor.open(question())
  const page = await visitor.post('/session/end/confirm', { logout: 'yes', xsrf: 'guessed' })
  t.equal(page.status, 400)
  t.equal(await visitor.isKnown(), true)
})

t.test('ends the access tokens of the session too', async t => {
  const { idp, visitor } = await signedIn()
  const { location } = await visitor.open(idp.authorizationRequest(idp.relyingParty))
  const { access_token: accessToken } = (await idp.redeem(idp.relyingParty, location!.searchParams.get('code')!)).json() as Tokens
  t.equal((await idp.userinfo(accessToken)).statusCode, 200, 'before')
  await visitor.submit(await visitor.open('/session/end'), {}, 'Sign out')
  t.equal((await idp.userinfo(accessToken)).statusCode, 401, 'after')
})

t.test('says so when nobody is signed in any more, and goes on by a click, without a script', async t => {
  const { idp, endSession } = await signedIn()
  const stranger = new Visitor(idp)
  const page = await stranger.open(endSession())
  t.equal(page.status, 200)
  t.match(page.text, 'Tern ID had forgotten you')
  t.notMatch(page.text, '<script')
  const { location } = await stranger.submit(page, {}, 'Continue')
  t.equal(location?.href, `${home}?state=the-state`)
})

/** The back channel of a client, at a loopback name, with what arrived there. */
async function startBackChannel (t: Test, answer = (_request: IncomingMessage, response: ServerResponse) => { response.end() }) {
  const received: { path: string, contentType: string | undefined, body: URLSearchParams }[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = new URLSearchParams(Buffer.concat(chunks).toString())
    received.push({ path: request.url!, contentType: request.headers['content-type'], body })
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { uri: `http://shop.localhost:${(server.address() as AddressInfo).port}/backchannel-logout`, received }
}

async function signOut (visitor: Visitor, button = 'Sign out') {
  return await visitor.submit(await visitor.open('/session/end?client_id=relying-party'), {}, button)
}

t.test('sends a logout token to every client that the session was used with and that wants one', async t => {
  const { uri, received } = await startBackChannel(t)
  const realm = await idp.newRealm()
  const shop = await registerShop(realm, { backchannel_logout_uri: uri, backchannel_logout_session_required: true })
  const visitor = new Visitor(realm)
  const { location } = await visitor.signIn('alice', shop)
  const { sid } = decodeJwt((await realm.redeem(shop, location!.searchParams.get('code')!)).json().id_token)
  await visitor.signIn('alice')
  await signOut(visitor)

  t.match(received, [{ path: '/backchannel-logout', contentType: /^application\/x-www-form-urlencoded/ }])
  t.equal(received.length, 1)
  const keys = createLocalJWKSet((await realm.get('/jwks')).json())
  const { payload, protectedHeader } = await jwtVerify(received[0]!.body.get('logout_token')!, keys, {
    issuer: realm.issuer, audience: 'shop', typ: 'logout+jwt', requiredClaims: ['iat', 'exp', 'jti']
  })
  t.equal(protectedHeader.alg, 'RS256')
  t.match(payload, { sub: 'usr-7f3a91c0', sid, events: { 'http://schemas.openid.net/event/backchannel-logout': {} } })
  t.notOk('nonce' in payload)
})

t.test('says no sid to a client that has not asked for it, and signs as the client is registered', async t => {
  const { uri, received } = await startBackChannel(t)
  const realm = await idp.newRealm()
  const shop = await registerShop(realm, { backchannel_logout_uri: uri, id_token_signed_response_alg: 'ES256' })
  const visitor = new Visitor(realm)
  await visitor.signIn('alice', shop)
  await signOut(visitor)
  const keys = createLocalJWKSet((await realm.get('/jwks')).json())
  const { payload } = await jwtVerify(received[0]!.body.get('logout_token')!, keys, { algorithms: ['ES256'] })
  t.match(payload, { sub: 'usr-7f3a91c0', sid: undefined })
})

t.test('tells nobody when somebody stays signed in, nor clients of other sessions', async t => {
  const { uri, received } = await startBackChannel(t)
  const realm = await idp.newRealm()
  const shop = await registerShop(realm, { backchannel_logout_uri: uri })
  const visitor = new Visitor(realm)
  await visitor.signIn('alice', shop)
  await visitor.signIn('alice')
  await signOut(visitor, 'Stay signed in')
  const another = new Visitor(realm)
  await another.signIn('alice')
  await signOut(another)
  t.equal(received.length, 0)
})

const failures: [string, (request: IncomingMessage, response: ServerResponse) => void, RegExp][] = [
  ['refuses', (_request, response) => response.writeHead(400).end(), /got: 400 Bad Request/],
  [
    'sends it elsewhere',
    (_request, response) => response.writeHead(302, { location: 'http://shop.localhost/' }).end(),
    /got: 302/
  ],
  ['hangs up', request => request.socket.destroy(), /fetch failed/],
  // oidc-provider waits for 2.5 s.
  ['never answers', () => {}, /timeout/]
]
for (const [label, answer, logged] of failures) {
  t.test(`ends the session all the same when a client ${label}, and logs that`, async t => {
    const lines: string[] = []
    const idp = await startIdp(t, { LOG_LEVEL: 'warn' }, { write: line => { lines.push(line) } })
    const { uri, received } = await startBackChannel(t, answer)
    const shop = await registerShop(idp, { backchannel_logout_uri: uri })
    const visitor = new Visitor(idp)
    await visitor.signIn('alice', shop)
    const done = await signOut(visitor)
    t.equal(done.$('h1').text(), 'You are signed out')
    t.equal(await visitor.isKnown(), false)
    t.equal(received.length, 1, 'it was told once')
    t.match(lines.join(''), /the back-channel logout of shop failed/)
    t.match(lines.join(''), logged)
    t.notMatch(lines.join(''), received[0]!.body.get('logout_token')!)
  })
}

const shopUri = 'http://shop.localhost/frontchannel-logout?from=idp'
const museum = {
  client_name: 'Museum',
  redirect_uris: ['http://museum.localhost:4000/callback'],
  frontchannel_logout_uri: 'http://museum.localhost:4000/bye'
}

/** Somebody who is signed in to clients of a realm of its own. */
async function signedInTo (clients: (realm: Idp) => Promise<RegisteredClient[]>) {
  const realm = await idp.newRealm()
  const visitor = new Visitor(realm)
  const sids: Record<string, unknown> = {}
  let last = ''
  for (const client of await clients(realm)) {
    const { location } = await visitor.signIn('alice', client)
    const hint = (await realm.redeem(client, location!.searchParams.get('code')!)).json().id_token
    sids[client.client_id] = decodeJwt(hint).sid
    last = client.client_id
  }
  const signOut = async (button = 'Sign out', changes: Record<string, string> = {}) => {
    const parameters = { client_id: last, post_logout_redirect_uri: 'http://shop.localhost/', state: 'the state', ...changes }
    return await visitor.submit(await visitor.open(`/session/end?${new URLSearchParams(parameters)}`), {}, button)
  }
  return { realm, visitor, signOut, sids }
}

t.test('opens in a frame what each client of the session wants, and allows frames of these alone', async t => {
  const { realm, signOut, sids, visitor } = await signedInTo(async realm => [
    await registerShop(realm, museum, 'museum'),
    await registerShop(realm, { frontchannel_logout_uri: shopUri, frontchannel_logout_session_required: true })
  ])
  const { status, $, headers, location } = await signOut()
  t.equal(status, 200)
  t.equal(location, undefined)
  t.same($('iframe').toArray().map(frame => $(frame).attr('src')), [
    'http://museum.localhost:4000/bye',
    `${shopUri}&${new URLSearchParams({ iss: realm.issuer, sid: String(sids['shop']) })}`
  ])
  t.equal($('iframe:not([hidden])').length, 0)
  const policy = String(headers.get('content-security-policy')).split(';')
  t.ok(policy.includes('frame-src http://museum.localhost:4000 http://shop.localhost'), String(policy))
  t.ok(policy.includes("default-src 'none'"))
  t.match($('.lead').text(), /Museum, Shop/)
  t.equal(await visitor.isKnown(), false)
})

t.test('leads back to the application, by itself and by a click, with its state', async t => {
  const { signOut } = await signedInTo(async realm => [await registerShop(realm, { frontchannel_logout_uri: shopUri })])
  const { $, headers } = await signOut()
  t.equal($('a.primary').attr('href'), 'http://shop.localhost/?state=the+state')
  t.equal($('a.primary').text(), 'Back to Shop')
  t.equal($('meta[http-equiv=refresh]').attr('content'), '3;url=http://shop.localhost/?state=the+state')
  t.equal($('script').length, 0)
  t.equal(headers.get('location'), null)
})

t.test('goes on to our own page where there is no way back, in a realm too', async t => {
  const { realm, signOut } = await signedInTo(async realm => [await registerShop(realm, { frontchannel_logout_uri: shopUri })])
  const { $ } = await signOut('Sign out', { post_logout_redirect_uri: '' })
  t.equal($('a.primary').attr('href'), `${realm.issuer}/session/end/success`)
  t.equal($('a.primary').text(), 'Continue')
})

t.test('says the issuer of the realm to the client', async t => {
  const { realm, signOut } = await signedInTo(async realm =>
    [await registerShop(realm, { frontchannel_logout_uri: shopUri, frontchannel_logout_session_required: true })])
  const { $ } = await signOut()
  t.equal(new URL($('iframe').attr('src')!).searchParams.get('iss'), realm.issuer)
})

t.test('stays a plain redirect where no client of the session wants a frame, or where somebody stays signed in', async t => {
  const without = await signedInTo(async realm => {
    await registerShop(realm, museum, 'museum')
    return [await registerShop(realm)]
  })
  t.equal((await without.signOut()).location?.href, 'http://shop.localhost/?state=the+state')
  const staying = await signedInTo(async realm => [
    await registerShop(realm, museum, 'museum'), await registerShop(realm, { frontchannel_logout_uri: shopUri })
  ])
  t.equal((await staying.signOut('Stay signed in')).location?.href, 'http://shop.localhost/?state=the+state')
})

t.test('is off for the relying party, which has a back channel, and on by one change of its registration', async t => {
  const { realm, visitor, signOut, sids } = await signedInTo(async ({ relyingParty }) => [relyingParty])
  t.equal(realm.relyingParty.frontchannel_logout_uri, undefined)
  t.match(realm.relyingParty, {
    backchannel_logout_uri: 'http://app.localhost:3000/backchannel-logout', backchannel_logout_session_required: true
  })
  const frame = 'http://app.localhost:3000/frontchannel-logout'
  await realm.lab.clients.patch('relying-party', { frontchannel_logout_uri: frame, frontchannel_logout_session_required: true })
  const back = 'http://app.localhost:3000/logout/callback'
  const { $ } = await signOut('Sign out', { post_logout_redirect_uri: back })
  t.same($('iframe').toArray().map(frame => $(frame).attr('src')), [
    `${frame}?${new URLSearchParams({ iss: realm.issuer, sid: String(sids['relying-party']) })}`
  ])
  t.equal($('a.primary').attr('href'), `${back}?state=the+state`)

  await realm.lab.clients.reset()
  await visitor.signIn('alice')
  t.equal((await signOut('Sign out', { post_logout_redirect_uri: back })).location?.href, `${back}?state=the+state`)
})

t.test('carries a fault in the way back too', async t => {
  const { realm, signOut } = await signedInTo(async realm => [await registerShop(realm, { frontchannel_logout_uri: shopUri })])
  await realm.lab.faults.switchOn('end-session-invalid-state')
  const { $ } = await signOut()
  t.equal($('a.primary').attr('href'), 'http://shop.localhost/?state=state-of-another-request')
})

const unregistrable: [string, string][] = [
  ['of another host than its redirect URIs', 'http://evil.localhost/bye'],
  ['of another port', 'http://shop.localhost:4000/bye'],
  ['of another scheme', 'https://shop.localhost/bye'],
  ['that a header would take for two', 'http://shop.localhost;script-src/bye']
]
for (const [label, uri] of unregistrable) {
  t.test(`registers no client with a frontchannel_logout_uri ${label}`, async t => {
    const refusal = await refusalOf(registerShop(idp, { frontchannel_logout_uri: uri }))
    t.match(refusal, { status: 400, description: /frontchannel_logout_uri/ })
  })
}

t.test('announces both channels', async t => {
  t.match(await discover(idp), {
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    frontchannel_logout_supported: true,
    frontchannel_logout_session_supported: true
  })
})
