import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { endlessJson } from '../../helpers/endless-json.ts'
import { until } from '../../helpers/until.ts'
import { makeClientKey, postForm, registerShop, sign, type ClientKey } from './helper.ts'
import { startIdp, Visitor, type Idp } from '../helper.ts'

const idp = await startIdp(t)
const tooMuch = 8 * 1024 * 1024

/** A server of a client, with what it was asked and how much of its answers it got rid of. */
async function startServer (t: Test, answer: RequestListener) {
  const asked: string[] = []
  let open = 0
  let sent = 0
  const server = createServer((request, response) => {
    asked.push(request.url!)
    answer(request, response)
  })
  server.on('connection', socket => {
    open++
    socket.on('close', () => {
      open--
      sent += socket.bytesWritten
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, asked, open: () => open, sent: () => sent }
}

const endless: RequestListener = (_request, response) => {
  endlessJson().stream.pipe(response.writeHead(200, { 'content-type': 'application/json' }))
}

/** A client that has registered itself, with keys at a URL of its own; what it is told when it authenticates by one. */
async function authenticate (realm: Idp, key: ClientKey, jwksUri: string) {
  await realm.lab.settings.patch({ dynamic_client_registration: true })
  const registered = await realm.app.inject({
    method: 'POST',
    url: `${realm.base}/reg`,
    payload: { redirect_uris: ['https://app.example/callback'], token_endpoint_auth_method: 'private_key_jwt', jwks_uri: jwksUri }
  })
  const client = registered.json()
  return await postForm(realm, '/token/revocation', {
    token: 'x',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await sign(realm, client, key, { sub: client.client_id })
  })
}

t.test('asks for the keys of a client where it says that they are', async t => {
  const key = await makeClientKey()
  const server = await startServer(t, (_request, response) => response.end(JSON.stringify({ keys: [key.jwk] })))
  t.equal((await authenticate(await idp.newRealm(), key, `${server.url}/jwks`)).statusCode, 200)
  t.same(server.asked, ['/jwks'])
})

t.test('reads no more of them than keys can be', async t => {
  const server = await startServer(t, endless)
  t.equal((await authenticate(await idp.newRealm(), await makeClientKey(), server.url)).statusCode, 401)
  await until('the connection is closed', () => server.open() === 0)
  t.ok(server.sent() < tooMuch, `${server.sent()} bytes`)
})

t.test('follows nobody who says that they are elsewhere', async t => {
  const inside = await startServer(t, (_request, response) => response.end('{"keys":[]}'))
  const server = await startServer(t, (_request, response) => response.writeHead(302, { location: inside.url }).end('{"keys":[]}'))
  t.equal((await authenticate(await idp.newRealm(), await makeClientKey(), server.url)).statusCode, 401)
  t.same([server.asked.length, inside.asked], [1, []])
})

for (const [what, answer] of [
  ['has no end', endless],
  ['is a redirect', (_request, response) => response.writeHead(307, { location: '/elsewhere' }).end()]
] satisfies [string, RequestListener][]) {
  t.test(`signs a person out also where the answer to a logout token ${what}`, async t => {
    const realm = await idp.newRealm()
    const server = await startServer(t, answer)
    const shop = await registerShop(realm, { backchannel_logout_uri: `${server.url}/logout` })
    const visitor = new Visitor(realm)
    await visitor.signIn('alice', shop)
    const page = await visitor.submit(await visitor.open('/session/end'), {}, 'Sign out')
    t.equal(page.$('h1').text(), 'You are signed out')
    t.same(server.asked, ['/logout'])
    if (what === 'has no end') await until('the connection is closed', () => server.open() === 0)
    t.ok(server.sent() < tooMuch, `${server.sent()} bytes`)
  })
}
