import { EventEmitter, once } from 'node:events'
import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { Browser } from '../helpers/browser.ts'
import { GenesysApi } from '../helpers/genesys-api.ts'
import type { Lab } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'
import { createWriter, type Writer } from '../helpers/writer.ts'

const people = ['alice', 'bob']
const sessionsOfEach = 10
const messagesOfEach = 20
// Of all messages, 400: once just after one was sent, once just after one was acknowledged.
const killAt = [{ sent: 90 }, { acknowledged: 230 }]

/** Services are killed, Genesys while guests write: what it has acknowledged it has kept. */
export async function kill (t: Test, lab: Lab) {
  const api = new GenesysApi(lab)
  await lab.isolate('genesys')

  async function signedIn (username: string) {
    const browser = new Browser(lab)
    await browser.signIn(username)
    return api.signIn(browser)
  }

  await t.test('what was acknowledged is there after kill -9, and what was sent again is there once', async t => {
    const tokens = await Promise.all(people.map(signedIn))
    const progress = new EventEmitter()
    const writers = await Promise.all(tokens.flatMap(({ jwt }) =>
      Array.from({ length: sessionsOfEach }, () => createWriter(lab, jwt, progress))))
    const total = (countOf: (writer: Writer) => number) => writers.reduce((sum, writer) => sum + countOf(writer), 0)

    const written = Promise.all(writers.map(writer => writer.write(messagesOfEach)))
    let kills = 0
    for (const { sent = 0, acknowledged = 0 } of killAt) {
      const isDue = () => total(writer => writer.sent) >= sent && total(writer => writer.acknowledged.size) >= acknowledged
      // Whoever has not come back yet could not be thrown out again.
      while (!isDue() || writers.some(writer => writer.reconnects < kills)) await once(progress, 'change')
      kills++
      await lab.kill('genesys')
      await lab.start('genesys')
    }
    await written

    // Of containers nobody can say how long they still run when they are killed, and who has written everything by then.
    if (lab.tier === 'embedded') {
      t.ok(writers.every(({ reconnects }) => reconnects === killAt.length), 'everybody had to come back each time')
      t.ok(total(writer => writer.uncertain) > 0, 'something was under way when it was killed')
    }
    for (const [index, writer] of writers.entries()) {
      const { kept, ids } = await writer.result()
      t.strictSame(kept.map(({ text }) => text), writer.texts, `guest ${index} finds every message once, in order`)
      t.strictSame(kept.map(({ id }) => id).filter(id => ids.has(id)), [...ids], `and under the ids of the ${ids.size} echoes`)
      await writer.leave()
    }
  })

  await t.test('tokens that were revoked are still revoked after kill -9, and nobody else\'s are', async t => {
    const [alice, bob] = [await signedIn('alice'), await signedIn('bob')]
    t.equal(await api.revoke(alice.jwt), 204)
    await lab.kill('genesys')
    await lab.start('genesys')

    const guest = await api.connect()
    t.match(await api.configure(guest, alice.jwt), { class: 'string', code: 401 })
    t.equal((await api.refresh(alice.refreshToken)).status, 401)
    t.match(await api.configure(guest, bob.jwt), { class: 'SessionResponse', code: 200 })
    t.equal((await api.refresh(bob.refreshToken)).status, 200)
    await guest.close()
  })

  await t.test('a session survives kill -9 of the relying party, with its tokens', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    await lab.isolate('relying-party')
    await lab.kill('relying-party')
    await lab.start('relying-party')
    await until('the relying party has found the provider', async () => (await fetch(`${lab.app}/readyz`)).ok)
    t.match((await browser.session()).user, { name: 'Alice Anders' })
    t.equal((await browser.request(`${lab.app}/api/profile`, { headers: { accept: 'application/json' } })).status, 200)
  })
}
