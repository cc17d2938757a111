import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import { Browser } from '../helpers/browser.ts'
import { GenesysApi, type Handover } from '../helpers/genesys-api.ts'
import { connect } from '../helpers/guest.ts'
import type { Lab } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'

/** Its sessions expire three seconds after the last message. */
const deploymentId = 'b4c8e1f0-9a57-4d3e-8c26-1e7f0a5d9b63'
const life = 3

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
    const before = Date.now() / 1000
    const { guest, session } = await start()
    const after = Date.now() / 1000
    t.equal(session.durationSeconds, life)
    t.ok(session.expirationDate >= Math.floor(before) + life && session.expirationDate <= after + life, `${session.expirationDate}`)
    t.match(await guest.next(frame => frame.class === 'SessionExpiredEvent'), { type: 'response', code: 200, body: {} })
    t.match(await guest.say('too late'), { class: 'string', code: 4006 })
    t.match(await guest.request('configureAuthenticatedSession', { data: { code: jwt } }), { class: 'string', code: 4006 })
    t.match(await guest.request('configureAuthenticatedSession', { data: { code: jwt }, startNew: true }), { class: 'SessionResponse', body: { newSession: true } })
    await guest.close()
  })

  await t.test('a session in which something is said lives on', async t => {
    await until('its first life is over', async () => {
      let last = performance.now()
      const { guest, session } = await start()
      t.teardown(() => guest.close())
      while (Date.now() / 1000 <= session.expirationDate + 1) {
        await pause(life * 1000 / 5)
        const sent = performance.now()
        const { code } = await guest.say('still here')
        // Nothing can be told of a machine on which so much time passes between two messages.
        if (performance.now() - last > life * 1000) return false
        t.equal(code, 200)
        last = sent
      }
      return true
    }, 60_000)
  })
}
