import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import { Browser } from '../helpers/browser.ts'
import { GenesysApi } from '../helpers/genesys-api.ts'
import type { Guest } from '../helpers/guest.ts'
import { fetchHistory } from '../helpers/history.ts'
import type { Lab } from '../helpers/lab.ts'

const messagesASecond = 5
const requestsAMinute = 60

/** Guests who ask too much are told when to ask again. */
export async function limits (t: Test, lab: Lab) {
  const api = new GenesysApi(lab)
  const browser = new Browser(lab)
  await browser.signIn('alice')
  const { jwt } = await api.signIn(browser)

  async function configured (token?: string): Promise<Guest> {
    const guest = await api.connect(token)
    await api.configure(guest, jwt)
    return guest
  }

  /** A guest who gets the answers to all of this before the second is over; on a slow machine not the first one who tries. */
  async function writeWithinASecond (texts: string[]) {
    for (let tries = 0; tries < 20; tries++) {
      const guest = await configured()
      const began = performance.now()
      const answers = await Promise.all(texts.map(text => guest.say(text)))
      if (performance.now() - began < 1000) return { guest, answers }
      await guest.close()
    }
    throw new Error(`${texts.length} messages take longer than a second`)
  }

  await t.test('a guest who writes too fast is told when to go on, and goes on on the same socket', async t => {
    const texts = Array.from({ length: 2 * messagesASecond }, (_, index) => `message ${index}`)
    const { guest, answers } = await writeWithinASecond(texts)
    const accepted = texts.filter((_, index) => answers[index]!.code === 200)
    const refused = answers.filter(({ code }) => code !== 200)

    t.strictSame(accepted, texts.slice(0, messagesASecond), 'the first five')
    for (const answer of refused) {
      t.match(answer, {
        type: 'response',
        class: 'TooManyRequestsErrorMessage',
        code: 429,
        body: { errorCode: 4029, retryAfter: Number, errorMessage: /rate too high/ }
      })
    }
    const { retryAfter } = refused.at(-1)!.body as { retryAfter: number }
    await pause(retryAfter * 1000)
    t.match(await guest.say('later'), { class: 'StructuredMessage', code: 200 })
    const kept = (await fetchHistory(lab, guest)).filter(({ direction }) => direction === 'Inbound')
    t.strictSame(kept.map(({ text }) => text), [...accepted, 'later'], 'what was refused was not kept')
    await guest.close()
  })

  await t.test('a connection that asks too much is refused, and another of the same session is not', async t => {
    const guest = await configured()
    const typing = { message: { type: 'Event', events: [{ eventType: 'Typing', typing: { type: 'On' } }] } }
    const answers = await Promise.all(Array.from({ length: requestsAMinute }, () => guest.request('onMessage', typing)))
    t.equal(answers.filter(({ code }) => code === 200).length, requestsAMinute - 1, 'the first request was to configure the session')
    t.match(answers.at(-1), { class: 'TooManyRequestsErrorMessage', code: 429, body: { errorCode: 4029 } })

    const other = await configured(guest.token)
    t.match(await other.request('onMessage', typing), { class: 'StructuredMessage', code: 200 })
    await Promise.all([guest.close(), other.close()])
  })
}
