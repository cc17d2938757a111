import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { Browser } from '../helpers/browser.ts'
import { Desk } from '../helpers/desk.ts'
import { GenesysApi } from '../helpers/genesys-api.ts'
import type { Lab } from '../helpers/lab.ts'

/** One call puts the whole lab back. */
export async function reset (t: Test, lab: Lab) {
  const [idp, api, desk] = [createControlApiClient(lab.issuer), new GenesysApi(lab), new Desk(lab.genesys)]

  await t.test('putting everything back ends sessions and conversations in all three services, and says so', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const cookie = await browser.jar.getCookieString(lab.app)
    const { jwt } = await api.signIn(browser)
    const guest = await api.connect()
    await api.configure(guest, jwt)
    await guest.say('Is anybody there?')
    await idp.users.put('mallory')
    await idp.faults.switchOn('jwks-empty')
    await idp.clock.set(60)
    t.ok((await desk.list()).entities.length > 0)
    const exchanges = async () => (await (await fetch(`${lab.genesys}/lab/exchanges`)).json() as unknown[]).length
    t.ok(await exchanges() > 0)

    const { done, services } = await idp.reset()
    t.match(done, /users, clients.*nobody is signed in.*there are no realms/i)
    t.match(services, { [lab.app]: /^Sessions, tokens.*nobody is signed in/, [lab.genesys]: /^Conversations with their files/ })
    await guest.closed

    const session = await fetch(`${lab.app}/session`, { headers: { accept: 'application/json', cookie } })
    t.match(await session.json(), { authenticated: false })
    t.match((await browser.openSignIn()).url, `${lab.issuer}/interaction/`, 'the identity provider asks for the password again')
    t.strictSame((await desk.list()).entities, [])
    t.equal(await exchanges(), 0)
    t.notOk((await idp.users.list()).some(({ username }) => username === 'mallory'))
    t.strictSame(await idp.faults.active(), [])
    for (const service of [lab.issuer, lab.app, lab.genesys]) {
      t.match(await (await fetch(`${service}/lab/clock`)).json(), { offsetSeconds: 0 }, service)
    }
    const again = await api.connect()
    t.equal((await api.configure(again, jwt)).code, 401, 'what the guest had signed in with is worth nothing')
    await again.close()
  })

  await t.test('and everything goes on', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    t.match(await browser.session(), { authenticated: true })
    const { jwt } = await api.signIn(browser)
    const guest = await api.connect()
    t.equal((await api.configure(guest, jwt)).code, 200)
    await guest.close()
  })

  await t.test('a service by itself puts back what is its own, but not for a page of another site', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const refused = await fetch(`${lab.app}/lab`, { method: 'DELETE', headers: { origin: lab.genesys } })
    t.equal(refused.status, 403)
    t.match(await browser.session(), { authenticated: true })
    t.match(await (await fetch(`${lab.app}/lab`, { method: 'DELETE' })).json(), { done: /^Sessions/ })
    t.match(await browser.session(), { authenticated: false })
    t.equal((await browser.openSignIn()).url, `${lab.app}/`, 'the identity provider still knows the browser')
  })
}
