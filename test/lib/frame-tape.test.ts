import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { moveProcessClock } from '#lib/clock/clock.ts'
import type { RecordedSocket, TapedFrame } from '#lib/ledger/frame-tape.ts'
import { Ledger } from '#lib/ledger/ledger.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** A ledger with sockets, and the texts that it was asked to describe. */
function ledgerWithSockets () {
  const ledger = new Ledger()
  const described: string[] = []
  const tape = ledger.tapeFrames({
    describe ({ text, link, direction, at, time }: TapedFrame) {
      described.push(text)
      return { ...entry, at, time, endpoint: 'message', parameters: { text }, links: [link], frame: { direction, name: 'message', connection: link } }
    },
    isSignOfLife: text => text.startsWith('still there')
  })
  const socket = (link = 'a'): RecordedSocket => ({ link, last: 0 })
  const only = socket()
  return { ledger, described, tape, socket, say: (text: string) => tape(only, 'in', text) }
}

const entry = {
  time: '2026-01-01T00:00:00.000Z',
  from: 'browser',
  to: 'genesys',
  method: 'POST',
  endpoint: 'token_exchange',
  path: '/v1',
  parameters: {},
  status: 200,
  answer: {},
  faults: [],
  violations: [],
  durationMs: 0
}

const textsOf = (ledger: Ledger, query = {}) =>
  ledger.query({ limit: 1_000, ...query }).entries.map(({ endpoint, parameters }) => parameters['text'] ?? endpoint)

t.test('has the messages of sockets in their place among the HTTP exchanges', async t => {
  const { ledger, say, tape, socket } = ledgerWithSockets()
  say('first')
  ledger.record(entry)
  tape(socket('b'), 'out', Buffer.from('second, as bytes: ∀'))
  say('third')
  t.strictSame(textsOf(ledger), ['first', 'token_exchange', 'second, as bytes: ∀', 'third'])
  t.strictSame(textsOf(ledger, { since: 2 }), ['second, as bytes: ∀', 'third'])
  t.strictSame(textsOf(ledger, { limit: 2, order: 'desc' }), ['third', 'second, as bytes: ∀'])
  t.match(ledger.query({ endpoint: 'message' }), { count: 3, entries: [{ id: 1, links: ['a'] }, { id: 3, links: ['b'], frame: { direction: 'out' } }, {}] })
  await ledger.clear()
  t.strictSame(textsOf(ledger), [])
})

t.test('looks at a message when somebody asks for it, and once', async t => {
  const { ledger, described, say } = ledgerWithSockets()
  say('hello')
  t.strictSame(described, [])
  const [first, second] = [ledger.query(), ledger.query()]
  t.strictSame(described, ['hello'])
  t.strictSame(first, second)
})

t.test('dates a message by the clock of the lab as it was when the message came', async t => {
  const { ledger, say } = ledgerWithSockets()
  const hourMs = 3_600_000
  t.teardown(() => moveProcessClock(0))
  await moveProcessClock(hourMs)
  say('hello')
  await moveProcessClock(0)
  const { at, time } = ledger.query().entries[0]!
  const ahead = Date.parse(time) - at
  t.ok(Math.abs(ahead - hourMs) < 2, `${ahead} ms`)
})

t.test('has of signs of life that follow each other on a socket the first alone', async t => {
  const { ledger, tape, socket } = ledgerWithSockets()
  const [alice, bob] = [socket(), socket()]
  for (const text of ['still there', 'still there?', 'still there', 'hello', 'still there', 'still there?']) tape(alice, 'in', text)
  for (const text of ['still there?', 'hi', 'still there']) tape(bob, 'in', text)
  t.strictSame(textsOf(ledger), ['still there', 'hello', 'still there', 'still there?', 'hi', 'still there'])
})

t.test('holds the latest 500 messages of sockets, which make no room for HTTP exchanges nor the other way round', async t => {
  const { ledger, say } = ledgerWithSockets()
  ledger.record(entry)
  for (let n = 1; n <= 1_200; n++) say(`message ${n}`)
  ledger.record(entry)
  const texts = textsOf(ledger)
  t.strictSame(texts.slice(0, 2), ['token_exchange', 'message 701'])
  t.strictSame(texts.slice(-2), ['message 1200', 'token_exchange'])
  t.match(ledger.query({ limit: 1_000 }), { count: 502, forgotten: 700, last: 1_202 })
  t.match(ledger.query({ since: 600 }), { count: 501, forgotten: 101 })
  t.match(ledger.query({ since: 701 }), { forgotten: 0 })
})

t.test('holds a megabyte of texts, whole but for those that are too long', async t => {
  const { ledger, say, described } = ledgerWithSockets()
  const long = (n: number, length: number) => `${n} `.padEnd(length, '…')
  for (let n = 0; n < 300; n++) say(long(n, 5_000))
  const texts = textsOf(ledger) as string[]
  t.ok(texts.length > 60 && texts.length <= 70, `${texts.length} of 15,000 bytes each`)
  t.strictSame(texts, texts.map((_, index) => long(300 - texts.length + index, 5_000)))

  say(long(300, 200_000))
  say('the next')
  const [cut, next] = textsOf(ledger, { since: 300 }) as [string, string]
  t.match(cut, /^300 …+/)
  t.ok(Buffer.byteLength(described.at(-2)!) <= 128 * 1024)
  t.equal(next, 'the next')
})

t.test('takes no memory for messages that nobody looks at, beyond what it has for all of them', async t => {
  const { say } = ledgerWithSockets()
  const used = () => {
    collectGarbage()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const before = used()
  for (let n = 0; n < 20_000; n++) say(`${n}`.padEnd(1_000, 'x'))
  t.ok(used() - before < 2e6, 'far less than the 20 MB of the messages')
})
