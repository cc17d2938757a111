import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import { inBatches } from '../helpers/batches.ts'
import { Browser } from '../helpers/browser.ts'
import { GenesysApi } from '../helpers/genesys-api.ts'
import type { Guest } from '../helpers/guest.ts'
import { fetchHistory, type KeptMessage } from '../helpers/history.ts'
import type { Lab } from '../helpers/lab.ts'

const guestCount = 500
const messagesOfEach = 20
// So many connect, or fetch their history, at the same time; they write all at once.
const batch = 50
// Four a second: five are allowed.
const pace = 250

/** Many guests at once, within the limits that each of them has. */
export async function load (t: Test, lab: Lab) {
  const api = new GenesysApi(lab)

  await t.test(`${guestCount} guests at once: each of their ${messagesOfEach} messages arrives once, in order`, async t => {
    const people = lab.users.filter(({ disabled }) => !disabled)
    const jwts = await Promise.all(people.map(async ({ username }) => {
      const browser = new Browser(lab)
      await browser.signIn(username)
      return (await api.signIn(browser)).jwt
    }))

    const refused: unknown[] = []
    const guests = await inBatches(Array.from({ length: guestCount }, (_, index) => index), batch, async index => {
      const guest = await api.connect()
      const { class: className, body } = await api.configure(guest, jwts[index % jwts.length]!)
      if (className !== 'SessionResponse') refused.push(body)
      return guest
    })
    t.strictSame(refused, [], `${people.length} people have ${guestCount} sessions`)

    const echoes = await Promise.all(guests.map(write))
    t.strictSame(echoes.flatMap(findDisorder), [], 'every echo is the right one, and later than the one before')
    t.strictSame(guests.flatMap(guest => guest.takeUnread().filter(isInbound)), [], 'no echo came twice, or to somebody else')

    const histories = await inBatches(guests, batch, async guest =>
      (await fetchHistory(lab, guest)).filter(({ direction }) => direction === 'Inbound'))
    const different = histories.filter((kept, index) =>
      String(kept.map(idAndText)) !== String(echoes[index]!.map(({ echo }) => idAndText(echo))))
    t.strictSame(different, [], `each history has its ${messagesOfEach} messages, once, in order`)
    await Promise.all(guests.map(guest => guest.close()))
  })
}

interface Echo {
  text: string
  echo: KeptMessage
}

async function write (guest: Guest): Promise<Echo[]> {
  const echoes: Echo[] = []
  // Not all in the same millisecond: the first second is then like any other.
  await pause(Math.random() * pace)
  for (let n = 1; n <= messagesOfEach; n++) {
    const text = `${n} of ${randomUUID()}`
    const { body } = await guest.say(text)
    echoes.push({ text, echo: body as KeptMessage })
    await pause(pace)
  }
  return echoes
}

const findDisorder = (echoes: Echo[]) => echoes.filter(({ text, echo }, index) =>
  echo.text !== text || !(index === 0 || echo.channel.time > echoes[index - 1]!.echo.channel.time))

const isInbound = ({ class: className, body }: { class: string, body: unknown }) =>
  className === 'StructuredMessage' && (body as KeptMessage).direction === 'Inbound'

const idAndText = ({ id, text }: KeptMessage) => `${id} ${text}`
