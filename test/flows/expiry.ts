import type { Test } from 'tap'
import { Browser } from '../helpers/browser.ts'
import { GenesysApi, type Handover } from '../helpers/genesys-api.ts'
import { connect } from '../helpers/guest.ts'
import type { Lab } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'

/** Its sessions expire three seconds after the last message. */
const deploymentId = 'b4c8e1f0-9a57-4d3e-8c26-1e7f0a5d9b63'

/** A session that expires. */
export async function expiry (t: Test, lab: Lab) {
  const api = new GenesysApi(lab)
  const browser = new Browser(lab)
  await browser.signIn('alice')
  const { body: { jwt } } = await api.exchange({ ...api.exchangeBody((await browser.authCode()).json() as Handover), deploymentId })

  async function start () {
    const guest = await connect(lab.genesys, { deploymentId, origin: lab.app })
    const { body } = await guest.request('configureAuthenticatedSession', { deploymentId, data: { code: jwt } })
    return { guest, session: body as { durationSeconds: number, expirationDate: number } }
  }

  await t.test('a session says how long it lives, and ends by itself after its last message', async t => {
    const { guest, session } = await start()
    t.equal(session.durationSeconds, 3)
    t.ok(Math.abs(session.expirationDate - Date.now() / 1000) < 5)
    t.match(await guest.next(frame => frame.class === 'SessionExpiredEvent'), { type: 'response', code: 200, body: {} })
    t.match(await guest.say('too late'), { class: 'string', code: 4006 })
    t.match(await guest.request('configureAuthenticatedSession', { data: { code: jwt } }), { class: 'string', code: 4006 })
    t.match(await guest.request('configureAuthenticatedSession', { data: { code: jwt }, startNew: true }), { class: 'SessionResponse', body: { newSession: true } })
    await guest.close()
  })

  await t.test('a session in which something is said lives on', async t => {
    const { guest, session } = await start()
    await until('its first life is over', async () => {
      // More often than a guest may write, which is another matter.
      t.match((await guest.say('still here')).code, /^(200|429)$/)
      return Date.now() / 1000 > session.expirationDate + 1
    })
    await guest.close()
  })
}
