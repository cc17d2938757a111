import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import t, { type Test } from 'tap'
import { startIdp, Visitor, type Idp } from '../helper.ts'
import { discover, registerShop } from './helper.ts'

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

async function signOut (idp: Idp, visitor: Visitor, button = 'Sign out') {
  return await visitor.submit(await visitor.open('/session/end?client_id=relying-party'), {}, button)
}

t.test('sends a logout token to every client that the session was used with and that wants one', async t => {
  const idp = await startIdp(t)
  const { uri, received } = await startBackChannel(t)
  const shop = await registerShop(idp, { backchannel_logout_uri: uri, backchannel_logout_session_required: true })
  const visitor = new Visitor(idp)
  const { location } = await visitor.signIn('alice', shop)
  const { sid } = decodeJwt((await idp.redeem(shop, location!.searchParams.get('code')!)).json().id_token)
  await visitor.signIn('alice')
  await signOut(idp, visitor)

  t.match(received, [{ path: '/backchannel-logout', contentType: /^application\/x-www-form-urlencoded/ }])
  t.equal(received.length, 1)
  const keys = createLocalJWKSet((await idp.app.inject('/jwks')).json())
  const { payload, protectedHeader } = await jwtVerify(received[0]!.body.get('logout_token')!, keys, {
    issuer: idp.config.issuer, audience: 'shop', typ: 'logout+jwt', requiredClaims: ['iat', 'exp', 'jti']
  })
  t.equal(protectedHeader.alg, 'RS256')
  t.match(payload, { sub: 'usr-7f3a91c0', sid, events: { 'http://schemas.openid.net/event/backchannel-logout': {} } })
  t.notOk('nonce' in payload)
})

t.test('says no sid to a client that has not asked for it, and signs as the client is registered', async t => {
  const idp = await startIdp(t)
  const { uri, received } = await startBackChannel(t)
  const shop = await registerShop(idp, { backchannel_logout_uri: uri, id_token_signed_response_alg: 'ES256' })
  const visitor = new Visitor(idp)
  await visitor.signIn('alice', shop)
  await signOut(idp, visitor)
  const keys = createLocalJWKSet((await idp.app.inject('/jwks')).json())
  const { payload } = await jwtVerify(received[0]!.body.get('logout_token')!, keys, { algorithms: ['ES256'] })
  t.match(payload, { sub: 'usr-7f3a91c0', sid: undefined })
})

t.test('tells nobody when somebody stays signed in, nor clients of other sessions', async t => {
  const idp = await startIdp(t)
  const { uri, received } = await startBackChannel(t)
  const shop = await registerShop(idp, { backchannel_logout_uri: uri })
  const visitor = new Visitor(idp)
  await visitor.signIn('alice', shop)
  await visitor.signIn('alice')
  await signOut(idp, visitor, 'Stay signed in')
  const another = new Visitor(idp)
  await another.signIn('alice')
  await signOut(idp, another)
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
    const done = await signOut(idp, visitor)
    t.equal(done.$('h1').text(), 'You are signed out')
    t.equal(await visitor.isKnown(), false)
    t.equal(received.length, 1, 'it was told once')
    t.match(lines.join(''), /the back-channel logout of shop failed/)
    t.match(lines.join(''), logged)
    t.notMatch(lines.join(''), received[0]!.body.get('logout_token')!)
  })
}

t.test('announces it', async t => {
  t.match(await discover(await startIdp(t)), { backchannel_logout_supported: true, backchannel_logout_session_supported: true })
})
