import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { Browser } from '../helpers/browser.ts'
import { GenesysApi } from '../helpers/genesys-api.ts'
import type { Lab } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'

const minute = 60

/** The lab's clock: what lasts long in real life is over at once. */
export async function labClock (t: Test, lab: Lab) {
  const api = new GenesysApi(lab)
  const idle = Number(lab.settings['SESSION_IDLE_LIFETIME'] ?? 60 * minute)
  const lifetime = Number(lab.settings['SESSION_LIFETIME'] ?? 8 * 60 * 60)
  const services = [lab.issuer, lab.app, lab.genesys]

  async function ask (service: string) {
    const response = await fetch(`${service}/lab/clock`)
    if (!response.ok) throw new Error(`the clock of ${service} answered ${response.status}: ${await response.text()}`)
    return await response.json() as { offsetSeconds: number, now: string }
  }
  const { clock } = createControlApiClient(lab.issuer)
  // Whatever becomes of this flow, the next one starts at the time of the system.
  t.teardown(() => clock.reset())

  const browser = new Browser(lab)
  await browser.signIn('alice')
  const { jwt } = await api.signIn(browser)
  // In the embedded lab this process goes by the lab's clock too, and with it the jar, which forgets a cookie in time. So the
  // cookie is kept here: a browser that still has it is what the service has to stand up to.
  const cookie = await browser.jar.getCookieString(lab.app)

  async function sessionOf (cookie: string) {
    const response = await fetch(`${lab.app}/session`, { headers: { accept: 'application/json', cookie } })
    return await response.json() as { authenticated: boolean, ended?: { reason: string } }
  }
  const isSignedIn = async () => (await sessionOf(cookie)).authenticated
  async function cookieOfSession () {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    return browser.jar.getCookieString(lab.app)
  }
  async function configure () {
    const guest = await api.connect()
    const { code } = await api.configure(guest, jwt)
    await guest.close()
    return code
  }

  await t.test('at first nothing has ended', async t => {
    t.equal(await isSignedIn(), true)
    t.equal(await configure(), 200)
  })

  await t.test('a quarter of an hour later the Genesys JWT has ended, and the session of the application has not', async t => {
    const { services } = await clock.set(16 * minute)
    t.strictSame(services, { [lab.app]: 'moved', [lab.genesys]: 'moved' }, 'one call to the identity provider moves them all')
    t.equal(await configure(), 401)
    t.equal(await isSignedIn(), true)
  })

  await t.test('a service that restarts goes by the clock that was set', async t => {
    await lab.stop('genesys')
    await lab.start('genesys')
    // A connection that was kept may turn out to be closed.
    await until('Genesys answers', async () => (await ask(lab.genesys)).offsetSeconds === 16 * minute)
    t.equal(await configure(), 401)
  })

  await t.test('after its lifetime the session of the application has ended too', async t => {
    await clock.set(lifetime + minute)
    t.equal(await isSignedIn(), false)
  })

  await t.test('a browser\'s page on another site moves nothing', async t => {
    for (const service of services) {
      const headers = { origin: lab.issuer, 'sec-fetch-site': 'cross-site' }
      const response = await fetch(`${service}/lab/clock`, { method: 'DELETE', headers })
      t.equal(response.status, 403)
      t.equal(response.headers.get('access-control-allow-origin'), null)
      t.equal((await ask(service)).offsetSeconds, lifetime + minute)
    }
  })

  await t.test('back at the time of the system people sign in as before', async t => {
    await clock.reset()
    for (const service of services) t.equal((await ask(service)).offsetSeconds, 0)
    const visitor = new Browser(lab)
    await visitor.signIn('bob')
    t.equal((await visitor.session()).authenticated, true)
    const { jwt } = await api.signIn(visitor)
    const guest = await api.connect()
    t.equal((await api.configure(guest, jwt)).code, 200)
    await guest.close()
  })

  await t.test('a session that is used goes on, and one that is not ends', async t => {
    const cookie = await cookieOfSession()
    for (const offset of [idle - minute, 2 * idle - 3 * minute]) {
      await clock.set(offset)
      t.equal((await sessionOf(cookie)).authenticated, true, `after ${offset} s`)
    }
    await clock.set(3 * idle)
    t.strictSame(await sessionOf(cookie), { authenticated: false, ended: { reason: 'expired' } })
    await clock.reset()
  })

  await t.test('however much it is used, a session ends with its lifetime', async t => {
    const cookie = await cookieOfSession()
    for (let offset = idle / 2; offset < lifetime; offset += idle / 2) {
      await clock.set(offset)
      t.equal((await sessionOf(cookie)).authenticated, true, `after ${offset} s`)
    }
    await clock.set(lifetime + 1)
    t.equal((await sessionOf(cookie)).authenticated, false)
  })
}
