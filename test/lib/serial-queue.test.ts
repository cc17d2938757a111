import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { createSerialQueue, createSerialQueues } from '#lib/concurrency/serial-queue.ts'

/** What takes so many turns of the event loop, and notes when it begins and ends. */
function recordActs () {
  const noted: string[] = []
  const act = (name: string, turns: number) => async () => {
    noted.push(`${name} begins`)
    for (let turn = 0; turn < turns; turn++) await nextTurn()
    noted.push(`${name} ends`)
    return name
  }
  return { noted, act }
}

t.test('does one after the other, in the order in which it was asked for, and gives each its own outcome', async t => {
  const { noted, act } = recordActs()
  const inTurn = createSerialQueue()
  const outcomes = await Promise.all([inTurn(act('slow', 3)), inTurn(act('quick', 0)), inTurn(act('last', 1))])
  t.same(outcomes, ['slow', 'quick', 'last'])
  t.same(noted, ['slow begins', 'slow ends', 'quick begins', 'quick ends', 'last begins', 'last ends'])
})

t.test('goes on after what fails, and tells that to nobody but who has asked for it', async t => {
  const { act } = recordActs()
  const inTurn = createSerialQueue()
  const outcomes = await Promise.allSettled([inTurn(() => Promise.reject(new Error('no'))), inTurn(act('next', 1))])
  t.match(outcomes, [{ status: 'rejected', reason: { message: 'no' } }, { status: 'fulfilled', value: 'next' }])
  t.equal(await inTurn(act('later', 0)), 'later')
})

t.test('takes what comes while another one is at work after it, also where that came alone', async t => {
  const { noted, act } = recordActs()
  const inTurn = createSerialQueue()
  const first = inTurn(act('first', 2))
  await nextTurn()
  const second = inTurn(act('second', 2))
  await first
  await Promise.all([second, inTurn(act('third', 0))])
  t.same(noted, ['first begins', 'first ends', 'second begins', 'second ends', 'third begins', 'third ends'])
})

t.test('makes nobody wait for what is done to something else', async t => {
  const { noted, act } = recordActs()
  const inTurn = createSerialQueues()
  await Promise.all([inTurn('a', act('slow', 3)), inTurn('b', act('other', 0)), inTurn('a', act('next', 0))])
  t.same(noted, ['slow begins', 'other begins', 'other ends', 'slow ends', 'next begins', 'next ends'])
})
