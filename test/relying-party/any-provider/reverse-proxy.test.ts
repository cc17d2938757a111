import { request as send, type RequestListener } from 'node:http'
import t, { type Test } from 'tap'
import { authority, startTlsServer } from '../../lib/tls.ts'
import { startBareProvider } from './bare-provider.ts'
import { Person } from './person.ts'
import { freeAddresses, startRelyingParty } from './relying-party.ts'

interface Proxy {
  /** what the relying party is told as the host */
  host: (asked: string, upstream: string) => string
}

const keepsHost: Proxy = { host: asked => asked }
/** As nginx does it where nothing else is configured. */
const namesUpstream: Proxy = { host: (_asked, upstream) => upstream }

/** A proxy that ends TLS, and says in X-Forwarded-* whom it has asked for. A person's address is what X-Test-Address says. */
function forwardTo (port: string, { host }: Proxy): RequestListener {
  return (request, response) => {
    const { 'x-test-address': address = '127.0.0.1', ...headers } = request.headers
    const forwarded = [headers['x-forwarded-for'], address].flat().filter(Boolean).join(', ')
    const onwards = send({
      host: '127.0.0.1',
      port,
      method: request.method,
      path: request.url,
      headers: {
        ...headers,
        host: host(headers.host!, `127.0.0.1:${port}`),
        'x-forwarded-for': forwarded,
        'x-forwarded-proto': 'https',
        'x-forwarded-host': headers.host
      }
    }, answer => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    onwards.on('error', () => response.destroy())
    request.pipe(onwards)
  }
}

async function start (t: Test, settings: Record<string, string> = {}, proxy = keepsHost) {
  const addresses = await freeAddresses()
  const app = await startTlsServer(t, forwardTo(addresses.ports.APP_PORT, proxy))
  const provider = await startBareProvider(t, { ...addresses, app })
  await startRelyingParty(t, addresses, { APP_URL: app, ...settings })
  const visitor = (headers: Record<string, string> = {}) => new Person(app, { ca: authority, headers })
  return { app, provider, visitor }
}

for (const [label, settings, proxy] of [
  ['that it trusts', { TRUSTED_PROXIES: '127.0.0.1' }, keepsHost],
  ['that it was not told of', {}, keepsHost],
  ['that names the upstream as the host', {}, namesUpstream],
  ['that it trusts and that names the upstream as the host', { TRUSTED_PROXIES: '127.0.0.1' }, namesUpstream]
] as [string, Record<string, string>, Proxy][]) {
  t.test(`signs in and out behind a proxy ${label}: every address is the public one`, async t => {
    const { app, provider, visitor } = await start(t, settings, proxy)
    const person = visitor()
    const page = await person.signIn()
    t.equal(page.url.href, `${app}/`, page.$('dl').text())
    t.match(await person.session(), { authenticated: true, user: { sub: 'ada' } })
    const redirectUris = new Set(provider.at('/auth').map(({ understood }) => understood['redirect_uri']))
    t.same([...redirectUris], [`${app}/callback`, `${app}/messenger/callback`])
    t.equal((await person.signOut()).url.href, `${app}/`)
    t.equal(provider.at('/session/end')[0]?.query['post_logout_redirect_uri'], `${app}/logout/callback`)
    t.ok(person.visited.every(url => url.startsWith(app) || url.startsWith(provider.issuer)), 'and nothing led elsewhere')
  })
}

t.test('gives cookies that no sibling host and no plain connection can touch, and asks for TLS from then on', async t => {
  const { visitor } = await start(t, { TRUSTED_PROXIES: '127.0.0.1' })
  const person = visitor()
  const first = await person.request('/login')
  const cookies = first.headers.getSetCookie()
  await person.signIn()
  const { headers } = await person.request('/session', { headers: { accept: 'application/json' } })
  cookies.push(...headers.getSetCookie())
  t.ok(cookies.length > 0)
  for (const cookie of cookies) t.match(cookie, /^__Host-[^;]+;.*Path=\/;.*HttpOnly; Secure; SameSite=Lax/)
  t.match(headers.get('strict-transport-security'), /max-age=\d{7,}/)
  t.match(await person.cookies(), /(^| )__Host-session=/)
})

t.test('counts sign-ins by the address that a trusted proxy has seen', async t => {
  const { visitor } = await start(t, { TRUSTED_PROXIES: '127.0.0.1', SIGN_IN_RATE_LIMIT: '2' })
  const [one, other] = ['203.0.113.1', '203.0.113.2'].map(address => visitor({ 'x-test-address': address }))
  t.same([await status(one!), await status(one!), await status(one!)], [303, 303, 429])
  t.equal(await status(other!), 303, 'somebody else is not shut out')
  t.ok(Number((await one!.request('/login')).headers.get('retry-after')) > 0)
})

t.test('is not deceived by an address that the client has made up', async t => {
  const { visitor } = await start(t, { TRUSTED_PROXIES: '127.0.0.1', SIGN_IN_RATE_LIMIT: '2' })
  const statuses = []
  for (const n of [1, 2, 3]) {
    statuses.push(await status(visitor({ 'x-test-address': '203.0.113.1', 'x-forwarded-for': `198.51.100.${n}` })))
  }
  t.same(statuses, [303, 303, 429])
})

t.test('counts everybody behind a proxy together that it was not told of, and believes none of them', async t => {
  const { visitor } = await start(t, { SIGN_IN_RATE_LIMIT: '2' })
  const statuses = []
  for (const n of [1, 2, 3]) statuses.push(await status(visitor({ 'x-test-address': `203.0.113.${n}` })))
  t.same(statuses, [303, 303, 429])
})

t.test('never makes an address of what a request says about its host', async t => {
  const { app, visitor } = await start(t, { TRUSTED_PROXIES: '127.0.0.1' }, { host: () => 'evil.example' })
  const deceiving = visitor({ 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' })
  const { headers } = await deceiving.request('/login')
  const location = headers.get('location')!
  t.notMatch(location, /evil/)
  t.notMatch(headers.get('content-security-policy'), /evil/)
  t.equal((await visitor().request('/messenger/login')).headers.get('location'), `${app}/`)
})

async function status (person: Person): Promise<number> {
  return (await person.request('/login')).status
}
