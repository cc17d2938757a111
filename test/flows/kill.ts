import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { Browser } from '../helpers/browser.ts'
import { GenesysApi } from '../helpers/genesys-api.ts'
import type { Guest } from '../helpers/guest.ts'
import { fetchHistory, type KeptMessage } from '../helpers/history.ts'
import type { Lab } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'

const people = ['alice', 'bob']
const sessionsOfEach = 10
const messagesOfEach = 20
// Of all messages, 400: once just after one was sent, once just after one was acknowledged.
const killAt = [{ sent: 90 }, { acknowledged: 230 }]
// Five a second are allowed.
const shortestPause = 205

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

type Writer = Awaited<ReturnType<typeof createWriter>>

/** Writes as the Messenger does: each message once the last is acknowledged, and again only what the history has not. */
async function createWriter (lab: Lab, jwt: string, progress: EventEmitter) {
  const api = new GenesysApi(lab)
  const texts: string[] = []
  /** ids of the echoes, by that of the message */
  const acknowledged = new Map<string, string>()
  let guest = await enter(randomUUID(), true)
  const writer = { texts, acknowledged, sent: 0, reconnects: 0, uncertain: 0, write, result, leave: () => guest.close() }

  async function enter (token: string, isNew: boolean): Promise<Guest> {
    const entered = await api.connect(token)
    const { class: className, body } = await api.configure(entered, jwt)
    const { newSession } = body as { newSession?: boolean }
    if (className !== 'SessionResponse' || newSession !== isNew) throw new Error(`not let in as expected: ${JSON.stringify(body)}`)
    return entered
  }

  async function write (count: number) {
    for (let n = 1; n <= count; n++) {
      const id = randomUUID()
      const text = `message ${n} of ${guest.token}`
      texts.push(text)
      while (!acknowledged.has(id)) await send(id, text)
      await pause(shortestPause)
    }
  }

  async function send (id: string, text: string) {
    if (guest.isClosed) await comeBack()
    const answer = guest.request('onMessage', { message: { type: 'Text', text, metadata: { id } } }).catch(() => undefined)
    writer.sent++
    progress.emit('change')
    const echo = await answer
    if (echo && echo.code !== 200) throw new Error(`refused: ${JSON.stringify(echo)}`)
    if (echo) {
      acknowledged.set(id, (echo.body as KeptMessage).id)
      progress.emit('change')
      return
    }
    writer.uncertain++
    const kept = (await comeBack()).find(({ metadata }) => metadata?.['id'] === id)
    if (kept) acknowledged.set(id, kept.id)
  }

  /** @returns what the history has by then */
  async function comeBack (): Promise<KeptMessage[]> {
    let kept: KeptMessage[] = []
    await until('the guest is let in again', async () => {
      guest = await enter(guest.token, false)
      kept = await fetchHistory(lab, guest)
      return true
    })
    writer.reconnects++
    progress.emit('change')
    return kept
  }

  async function result () {
    const history = await fetchHistory(lab, guest).catch(comeBack)
    const kept = history.filter(({ direction }) => direction === 'Inbound')
    return { kept, ids: new Set(acknowledged.values()) }
  }

  return writer
}
