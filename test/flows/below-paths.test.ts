import t from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { Browser, credentialsOf, type Page } from '../helpers/browser.ts'
import { startLabBelowPaths } from '../helpers/lab-below-paths.ts'
import { chat } from './chat.ts'
import { exchange } from './exchange.ts'
import { signOutByProvider } from './sign-out-by-provider.ts'
import { signOut } from './sign-out.ts'

const lab = await startLabBelowPaths(t)

/** What a page refers to, and where its links and forms lead, as a browser reads that. */
function addressesIn ({ $, url }: Page): URL[] {
  return $('[href], [src], [action]').toArray()
    .map(element => new URL($(element).attr('href') ?? $(element).attr('src') ?? $(element).attr('action')!, url))
}

t.test('every address of a page is below the path of its service, and its files are there', async t => {
  const browser = new Browser(lab)
  const signIn = await browser.openSignIn()
  const pages = [
    await browser.open(lab.app),
    await browser.open(`${lab.app}/nowhere/at/all`),
    await browser.open(`${lab.app}/callback?state=made-up`),
    await browser.open(`${lab.app}/messenger/frame?outcome=code`),
    signIn,
    await browser.submit(signIn, { username: 'nobody', password: 'wrong' }),
    await browser.open(lab.issuer),
    await browser.open(`${lab.issuer}/nowhere`),
    await browser.open(`${lab.issuer}/session/end`),
    await browser.open(`${lab.issuer}/device`),
    await browser.open(`${lab.genesys}/desk`)
  ]
  for (const page of pages) {
    const addresses = addressesIn(page)
    t.ok(addresses.length > 0, page.url)
    const outside = addresses.filter(({ href, protocol }) => protocol !== 'data:' && ![lab.app, lab.issuer, lab.genesys, lab.console].some(url => `${href}/`.startsWith(`${url}/`)))
    t.strictSame(outside.map(({ href }) => href), [], page.url)
    for (const { href } of addresses.filter(({ pathname }) => /\.(js|css|svg)$/.test(pathname))) {
      t.equal((await browser.request(href)).status, 200, href)
    }
  }
})

t.test('a person signs in where they were, by cookies that are of that path', async t => {
  const browser = new Browser(lab)
  const home = await browser.signIn('alice', '/shop/?tour=moonrise#hire')
  t.equal(home.url, `${lab.app}/?tour=moonrise#hire`)
  t.match(await browser.session(), { authenticated: true, user: { sub: lab.user('alice').sub } })
  t.match((await browser.authCode()).json(), { redirectUri: `${lab.app}/messenger/callback`, iss: lab.issuer })
  const again = await browser.request(`${lab.app}/messenger/auth-code?return_to=/shop/`, {
    method: 'POST', headers: { 'csrf-token': (await browser.session()).csrfToken! }
  })
  t.strictSame(again.json(), { error: 'code_required', location: '/shop/messenger/login?return_to=%2Fshop%2F' })
  const cookies = (await browser.jar.serialize()).cookies.map(({ path, domain }) => `${domain}${path}`)
  t.strictSame(cookies.filter(place => !/^(app\.localhost\/shop|idp\.localhost\/tenants\/idp)(\/|$)/.test(place)), [])
})

t.test('whoever cancels can try again', async t => {
  const browser = new Browser(lab)
  const page = await browser.submit(await browser.openSignIn(), {}, 'Cancel and go back')
  t.equal(page.$('a:contains("Try again")').attr('href'), '/shop/login?return_to=%2Fshop%2F')
})

for (const outside of ['/', '/tours', '/shopping', '/shop/../tours', '/%73hop/', '//evil.example/shop/', '/shop//evil.example', '/shop/login', '/shop/%6Cogin']) {
  t.test(`what is not below it is no way back: ${outside}`, async t => {
    const page = await new Browser(lab).openSignIn(outside)
    t.equal(page.status, 400)
    t.equal(page.$('dl code').text(), 'return_to_refused')
  })
}

t.test('another name of this machine leads to the path, and the path to what is below it', async t => {
  const { port, host } = new URL(lab.app)
  const at = async (url: string) => (await fetch(url, { redirect: 'manual' })).headers.get('location')
  t.equal(await at(`http://127.0.0.1:${port}/shop/?a=b`), `${lab.app}/?a=b`)
  t.equal(await at(`http://127.0.0.1:${port}/`), `${lab.app}/`)
  t.equal(await at(`http://${host}/shop?a=b`), `${lab.app}/?a=b`)
})

t.test('what asks past a proxy needs no path', async t => {
  for (const url of [lab.app, lab.issuer, lab.genesys]) {
    for (const path of ['/livez', '/readyz']) t.equal((await fetch(new URL(path, url).href)).status, 200)
  }
})

t.test('the metadata is where both specifications put it, and names what is there', async t => {
  const path = '/.well-known/oauth-authorization-server'
  const { origin, pathname } = new URL(lab.issuer)
  for (const url of [`${lab.issuer}/.well-known/openid-configuration`, `${lab.issuer}${path}`, `${origin}${path}${pathname}`]) {
    const metadata = await (await fetch(url)).json() as Record<string, string>
    t.match(metadata, { issuer: lab.issuer, token_endpoint: `${lab.issuer}/token`, authorization_endpoint: `${lab.issuer}/auth` }, url)
    t.equal((await fetch(metadata['jwks_uri']!)).status, 200)
  }
})

t.test('its control API is below it, with realms that sign people in', async t => {
  const idp = createControlApiClient(lab.issuer)
  const { issuer } = await idp.realms.put('of-a-path')
  t.equal(issuer, `${lab.issuer}/realms/of-a-path`)
  const [client] = await createControlApiClient(issuer).clients.list()
  const browser = new Browser(lab)
  const page = await browser.open(`${issuer}/auth?${new URLSearchParams({
    client_id: client!.client_id,
redirect_uri: client!.redirect_uris![0]!,
response_type: 'code',
scope: 'openid',
state: 'x',
    code_challenge: 'A'.repeat(43),
code_challenge_method: 'S256'
  })}`)
  t.ok(page.url.startsWith(`${issuer}/interaction/`), page.url)
  const back = await browser.submit(page, credentialsOf(lab.user('alice')), undefined, url => url.startsWith(lab.app))
  t.match(new URL(back.url).searchParams.get('iss'), issuer)

  const { entries } = await idp.ledger.query({ endpoint: 'authorization', order: 'desc', limit: 1 })
  t.match(entries, [{ endpoint: 'authorization' }])
  const description = await (await fetch(`${lab.issuer}/lab/openapi.json`)).json() as { servers: { url: string }[] }
  t.strictSame(description.servers.map(({ url }) => url), ['/tenants/idp/', '/tenants/idp/realms/{realm}'])
  const swagger = await browser.open(`${lab.issuer}/lab`)
  for (const { href } of addressesIn(swagger)) t.equal((await browser.request(href)).status, 200, href)
  await idp.realms.remove('of-a-path')
})

for (const [about, flow] of Object.entries({
  'the exchange at Genesys': exchange, 'the conversation': chat, 'signing out': signOut, 'signing out at the provider': signOutByProvider
})) t.test(about, t => flow(t, lab))
