import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { Browser, credentialsOf } from '../helpers/browser.ts'
import { GenesysApi } from '../helpers/genesys-api.ts'
import type { Lab } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'

/** Services that start late, stop and come back. */
export async function availability (t: Test, lab: Lab) {
  const isReady = async () => (await fetch(`${lab.app}/readyz`)).status === 200

  await t.test('a session survives a restart of the relying party, and so does an attempt under way', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const other = new Browser(lab)
    const page = await other.openSignIn('/?late')

    await lab.stop('relying-party')
    await lab.start('relying-party')
    await until('the relying party is ready', isReady)

    t.match((await browser.session()).user, { name: 'Alice Anders' })
    t.equal((await other.submit(page, credentialsOf(lab.user('bob')))).url, `${lab.app}/?late`)
  })

  await t.test('an identity provider that comes late is waited for, without a restart', async t => {
    await lab.stop('idp')
    await lab.stop('relying-party')
    await lab.start('relying-party')

    const browser = new Browser(lab)
    t.equal((await browser.request(`${lab.app}/livez`)).status, 200)
    t.equal((await browser.request(`${lab.app}/readyz`)).status, 503)
    t.equal((await browser.request(`${lab.app}/`)).status, 200, 'the page is there')
    const page = await browser.openSignIn()
    t.equal(page.status, 503)
    t.match(page.$('h1').text(), /not possible right now/)
    t.equal(page.$('a:contains("Try again")').attr('href'), '/login?return_to=%2F')

    await lab.start('idp')
    await until('the relying party has found it', isReady)
    t.equal((await browser.signIn('alice')).url, `${lab.app}/`)
  })

  await t.test('a restart of the identity provider signs nobody out and changes no key', async t => {
    const keys = async () => (await fetch(`${lab.issuer}/jwks`)).json()
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const before = await keys()

    await lab.stop('idp')
    await lab.start('idp')

    t.strictSame(await keys(), before)
    t.equal((await browser.openSignIn('/?again')).url, `${lab.app}/?again`, 'no password asked')
    await browser.fetchCode()
    t.ok(await new GenesysApi(lab).signIn(browser), 'and Genesys takes its codes')
  })

  await t.test('a provider that goes away in the middle of a sign-in leaves a readable page and no session', async t => {
    const browser = new Browser(lab)
    const isCallback = (url: string) => url.startsWith(`${lab.app}/callback`)
    const { url } = await browser.submit(await browser.openSignIn(), credentialsOf(lab.user('alice')), undefined, isCallback)
    await lab.stop('idp')
    const page = await browser.request(url)
    t.equal(page.status, 503)
    t.match(page.$('dl').text(), 'provider_unavailable')
    t.equal((await browser.session()).authenticated, false)
    await lab.start('idp')
    t.equal((await browser.openSignIn()).url, `${lab.app}/`, 'trying again works')
  })

  await t.test('while the identity provider is away a refresh has to wait, and nothing is lost', async t => {
    const api = new GenesysApi(lab)
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const { refreshToken, jwt } = await api.signIn(browser)
    await lab.stop('idp')
    const { status, body } = await api.refresh(refreshToken)
    t.equal(status, 503)
    t.match(body, { status: 503, code: 'service.unavailable', contextId: String })
    t.match(await api.explain(body.contextId), { kind: 'refresh', outcome: 'refused', status: 503, reason: /gave no usable answer/ })
    const guest = await api.connect()
    t.equal((await api.configure(guest, jwt)).code, 200)
    await guest.close()
    await lab.start('idp')
    await until('a refresh works', async () => (await api.refresh(refreshToken)).status === 200)
  })
}
