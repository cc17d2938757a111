import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { Browser } from '../helpers/browser.ts'
import type { Lab } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'

const minute = 60
const accessTokenLifetime = 15 * minute

/** What the relying party does with the access token: it calls userinfo, refreshes in time, and never twice at once. */
export async function accessTokens (t: Test, lab: Lab) {
  const { clock, faults, ledger } = createControlApiClient(lab.issuer)
  const client = lab.settings['OIDC_CLIENT_ID']!
  t.teardown(() => clock.reset())

  async function signedIn (username = 'alice') {
    const browser = new Browser(lab)
    await browser.signIn(username)
    // The browser itself may forget it by the lab's clock.
    const cookie = await browser.jar.getCookieString(lab.app)
    const get = (path: string) => fetch(`${lab.app}${path}`, { headers: { accept: 'application/json', cookie } })
    async function session () {
      const response = await get('/session')
      if (!response.ok) throw new Error(`/session was answered with ${response.status}, ${await response.text()}`)
      return await response.json() as { authenticated: boolean }
    }
    return { profile: () => get('/api/profile'), session }
  }

  /** How often the provider was asked for a refresh since the ledger was cleared: each replica tells of another's a moment later. */
  async function isRefreshed (times: number, when: string) {
    await until(`the provider has recorded ${times} refreshes, ${when}`, async () => {
      const { entries } = await ledger.query({ endpoint: 'token', client_id: client })
      return entries.filter(({ parameters }) => parameters['grant_type'] === 'refresh_token').length === times
    })
  }

  await t.test('the profile is what the provider knows of the person, and nothing for who is not signed in', async t => {
    const { profile } = await signedIn()
    const response = await profile()
    t.equal(response.status, 200)
    t.equal(response.headers.get('cache-control'), 'no-store')
    t.match(await response.json(), { sub: lab.user('alice').sub, name: 'Alice Anders', email: 'alice@example.org' })
    const stranger = await fetch(`${lab.app}/api/profile`, { headers: { accept: 'application/json' } })
    t.equal(stranger.status, 401)
    t.strictSame(await stranger.json(), { error: 'signed_out' })
  })

  await t.test('an access token is used until shortly before it runs out, and then refreshed', async t => {
    const { profile } = await signedIn()
    await ledger.clear()
    await clock.set(accessTokenLifetime - minute)
    t.equal((await profile()).status, 200)
    await isRefreshed(0, 'a minute before')
    await clock.set(accessTokenLifetime - 20)
    t.equal((await profile()).status, 200)
    await isRefreshed(1, 'twenty seconds before')
    await clock.set(2 * accessTokenLifetime)
    t.equal((await profile()).status, 200)
    await isRefreshed(2, 'and again, with the refresh token that came with it')
    await clock.reset()
  })

  await t.test('a hundred requests at once make one refresh', async t => {
    const { profile } = await signedIn()
    await clock.set(accessTokenLifetime + minute)
    await ledger.clear()
    const responses = await Promise.all(Array.from({ length: 100 }, profile))
    const answers = await Promise.all(responses.map(async response => `${response.status} ${await response.text()}`))
    t.strictSame(answers.filter(answer => !/^200 .*"Alice Anders"/.test(answer)), [])
    await isRefreshed(1, 'for all of them')
    await clock.reset()
  })

  await t.test('a provider that is down for a moment ends no session', async t => {
    const { profile, session } = await signedIn()
    await clock.set(accessTokenLifetime + minute)
    await faults.switchOn('token-endpoint-server-error', { client_id: client, count: 1 })
    const failed = await profile()
    t.equal(failed.status, 502)
    t.equal((await session()).authenticated, true)
    t.equal((await profile()).status, 200, 'the next try succeeds')

    await lab.stop('idp')
    const down = await profile()
    t.equal(down.status, 503)
    t.match(down.headers.get('retry-after'), /^\d+$/)
    t.match(await down.json(), { error: 'provider_unavailable' })
    t.equal((await session()).authenticated, true)
    await lab.start('idp')
    await until('the provider is back', async () => (await profile()).status === 200)
    await clock.reset()
  })

  await t.test('while the old token still works, a refresh that fails troubles nobody', async t => {
    const { profile } = await signedIn()
    await clock.set(accessTokenLifetime - 20)
    await ledger.clear()
    await faults.switchOn('token-endpoint-server-error', { client_id: client })
    for (let times = 0; times < 3; times++) t.equal((await profile()).status, 200)
    await isRefreshed(1, 'and not for each of them')
    await faults.switchOff('token-endpoint-server-error', { client_id: client })
    await clock.reset()
  })

  await t.test('a refresh that the provider refuses ends the session, and says why', async t => {
    const { profile, session } = await signedIn()
    await clock.set(accessTokenLifetime + minute)
    await faults.switchOn('token-endpoint-invalid-grant', { client_id: client, count: 1 })
    const responses = await Promise.all([profile(), profile()])
    t.strictSame(responses.map(({ status }) => status), [401, 401])
    // Whoever comes when it has just ended is told that nobody is signed in.
    const errors = await Promise.all(responses.map(async response => (await response.json() as { error: string }).error))
    t.ok(errors.includes('session_ended'))
    t.strictSame(errors.filter(error => error !== 'session_ended' && error !== 'signed_out'), [])
    t.strictSame(await session(), { authenticated: false, ended: { reason: 'refused_by_provider' } })
    t.equal((await profile()).status, 401)
    await clock.reset()
  })

  await t.test('a token that the provider takes back before its time is replaced once', async t => {
    const { profile, session } = await signedIn()
    await ledger.clear()
    await faults.switchOn('userinfo-unauthorized', { client_id: client, count: 1 })
    t.equal((await profile()).status, 200)
    await isRefreshed(1, 'for the token that was taken back')
    await faults.switchOn('userinfo-unauthorized', { client_id: client })
    t.equal((await profile()).status, 400)
    await faults.switchOff('userinfo-unauthorized', { client_id: client })
    t.equal((await session()).authenticated, true)
  })
}
