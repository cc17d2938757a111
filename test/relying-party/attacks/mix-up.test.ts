import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Visitor } from '../../idp/helper.ts'
import { buildWithIdp, type Tab } from '../helper.ts'

interface Attacker {
  issuer: string
  /** what was sent to its token endpoint */
  received: URLSearchParams[]
  /** the authorization endpoint that it sends browsers on to, once it is known */
  sendTo (request: (query: URLSearchParams) => string): void
}

/**
 * A provider of the attacker's that the relying party knows: it sends whoever comes to it on to the honest one, and waits at
 * its token endpoint for the code.
 *
 * @param metadata what it says of itself beyond its endpoints
 */
async function startAttacker (t: Test, metadata: Record<string, unknown> = {}): Promise<Attacker> {
  const received: URLSearchParams[] = []
  let onwards = (query: URLSearchParams) => String(query)
  const server = createServer(async (request, response) => {
    const url = new URL(request.url!, issuer)
    if (url.pathname === '/auth') return response.writeHead(303, { location: onwards(url.searchParams) }).end()
    response.setHeader('content-type', 'application/json')
    if (url.pathname === '/token') {
      received.push(new URLSearchParams(Buffer.concat(await request.toArray() as Buffer[]).toString()))
      return response.writeHead(400).end('{"error":"invalid_grant"}')
    }
    const endpoints = { authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks` }
    return response.end(JSON.stringify({ issuer, ...endpoints, ...metadata }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close().closeAllConnections() })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { issuer, received, sendTo: request => { onwards = request } }
}

/** The relying party with an honest provider and the attacker's. */
async function start (t: Test, metadata: Record<string, unknown> = {}) {
  const attacker = await startAttacker(t, metadata)
  const folder = mkdtempSync(join(tmpdir(), 'providers-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'providers.yaml')
  writeFileSync(file, JSON.stringify([
    { name: 'attacker', issuer: attacker.issuer, client_id: 'relying-party', client_secret: 'a-secret-that-the-attacker-knows' }
  ]))
  const parts = await buildWithIdp(t, { OIDC_PROVIDERS_FILE: file })
  const victim = parts.tab()
  return { ...parts, attacker, victim, begin: (iss: string) => victim.get(`/login?${new URLSearchParams({ iss })}`) }
}

type Started = Awaited<ReturnType<typeof start>>

/** Go on from a request to the provider, over the attacker's host, to the answer that the honest provider gives. */
async function answerOf ({ idp }: Started, request: URL, username = 'alice'): Promise<URL> {
  const { headers } = await fetch(request, { redirect: 'manual' })
  const onwards = headers.get('location')!
  const { password } = idp.config.users.find(user => user.username === username)!
  const atProvider = new Visitor(idp)
  const page = await atProvider.open(onwards)
  return page.location ?? (await atProvider.submit(page, { username, password }, 'Sign in')).location!
}

async function isInVain (t: Test, { attacker, victim }: Started, answer: Awaited<ReturnType<Tab['get']>>, error: string) {
  t.equal(answer.status, 400)
  t.equal(answer.$('dl code').text(), error)
  t.same(attacker.received, [], 'nothing was sent to the attacker')
  t.match((await victim.get('/session')).json(), { authenticated: false })
}

const pathOf = ({ pathname, search }: URL) => pathname + search
const without = (url: URL, ...names: string[]) => {
  const changed = new URL(url)
  for (const name of names) changed.searchParams.delete(name)
  return changed
}
const withParameter = (url: URL, name: string, value: string) => {
  const changed = new URL(url)
  changed.searchParams.set(name, value)
  return changed
}

/** Have the attacker send browsers on to the honest provider, as if the relying party had sent them there. */
function relay ({ attacker, config }: Started, changes: Record<string, string> = {}) {
  const honest = { redirect_uri: `${config.app}/callback`, client_id: 'relying-party' }
  attacker.sendTo(query =>
    `${config.issuer}/auth?${new URLSearchParams({ ...Object.fromEntries(query), ...honest, ...changes })}`)
}

// https://www.rfc-editor.org/rfc/rfc9700#section-4.4
for (const [label, metadata] of Object.entries({
  'that says it names itself in answers': { authorization_response_iss_parameter_supported: true },
  'that does not name itself in answers': {}
})) {
  t.test(`a code of the honest provider is not sent to an attacker ${label} and at whom the person began`, async t => {
    const started = await start(t, metadata)
    relay(started)
    for (const change of [
      (url: URL) => url,
      // as of an honest provider that does not name itself
      (url: URL) => without(url, 'iss'),
      (url: URL) => withParameter(url, 'iss', started.attacker.issuer)
    ]) {
      const answer = await answerOf(started, (await started.begin(started.attacker.issuer)).location!)
      t.equal(answer.searchParams.get('iss'), started.config.issuer)
      t.ok(answer.searchParams.get('code'), 'the code is there to be had')
      await isInVain(t, started, await started.victim.get(pathOf(change(answer))), 'other_provider')
    }
  })
}

t.test('each provider has its answers at an address of its own', async t => {
  const started = await start(t)
  const { begin, config, attacker } = started
  const redirectUri = async (iss: string) => (await begin(iss)).location!.searchParams.get('redirect_uri')
  t.equal(await redirectUri(config.issuer), `${config.app}/callback`)
  t.equal(await redirectUri(attacker.issuer), `${config.app}/callback/attacker`)
})

t.test('an honest provider does not send its answers to the address of the attacker\'s', async t => {
  const started = await start(t)
  relay(started, { redirect_uri: `${started.config.app}/callback/attacker` })
  const { headers } = await fetch((await started.begin(started.attacker.issuer)).location!, { redirect: 'manual' })
  const { location, status } = await new Visitor(started.idp).open(headers.get('location')!)
  t.equal(location, undefined)
  t.equal(status, 400)
})

t.test('and where it is careless about that, it names itself, which is not the name of whom the person has chosen', async t => {
  const started = await start(t)
  await started.idp.lab.clients.patch('relying-party', { permissive: true })
  relay(started, { redirect_uri: `${started.config.app}/callback/attacker` })
  const answer = await answerOf(started, (await started.begin(started.attacker.issuer)).location!)
  t.equal(answer.pathname, '/callback/attacker')
  await isInVain(t, started, await started.victim.get(pathOf(answer)), 'invalid_response')
})

t.test('only if it were careless and nameless too would the code get to the attacker', async t => {
  const started = await start(t)
  await started.idp.lab.clients.patch('relying-party', { permissive: true })
  relay(started, { redirect_uri: `${started.config.app}/callback/attacker` })
  const answer = await answerOf(started, (await started.begin(started.attacker.issuer)).location!)
  await started.victim.get(pathOf(without(answer, 'iss')))
  t.equal(started.attacker.received.length, 1)
  t.equal(started.attacker.received[0]?.get('code'), answer.searchParams.get('code'), 'the attack is a real one')
})

t.test('answers of two attempts in one browser cannot be swapped', async t => {
  const started = await start(t)
  const { victim, begin, attacker, config, idp } = started
  const atAttacker = (await begin(attacker.issuer)).location!
  const atHonest = (await begin(config.issuer)).location!
  const { password } = idp.config.users.find(({ username }) => username === 'alice')!
  const visitor = new Visitor(idp)
  const { location } = await visitor.submit(await visitor.open(atHonest.href), { username: 'alice', password }, 'Sign in')

  const swapped = withParameter(location!, 'state', atAttacker.searchParams.get('state')!)
  await isInVain(t, started, await victim.get(pathOf(swapped)), 'other_provider')
  const moved = new URL(location!)
  moved.pathname = '/callback/attacker'
  await isInVain(t, started, await victim.get(pathOf(moved)), 'other_provider')
  await isInVain(t, started, await victim.get(pathOf(location!)), 'state_unknown')
})

t.test('an attempt that is not disturbed ends well', async t => {
  const { begin, config, victim, idp } = await start(t)
  const visitor = new Visitor(idp)
  const { location } = await begin(config.issuer)
  const { location: back } = await visitor.submit(await visitor.open(location!.href), {}, 'Sign in as Alice Anders')
  t.equal((await victim.get(pathOf(back!))).status, 303)
  t.match((await victim.get('/session')).json(), { user: { name: 'Alice Anders' } })
})

t.test('metadata of the attacker\'s that names the honest provider, or its endpoints, does not help', async t => {
  const started = await start(t, { issuer: 'https://honest.example' })
  t.equal((await started.begin(started.attacker.issuer)).status, 503, 'another issuer than the one asked')
  t.equal((await started.begin('https://honest.example')).status, 400, 'nor does anybody know that one')
})
