import { openLeases } from '#lib/store/lease.ts'
import { stopClock } from '../helpers/clock.ts'
import { onEachStore, type StorePlace } from '../helpers/store-kinds.ts'
import { until } from '../helpers/until.ts'
import { watchStore } from '../helpers/watched-store.ts'

// It lasts three.
const seconds = 3

/** As many processes on one store: what each does while it holds a lease, and whether it has found one held. */
async function openProcesses (place: StorePlace, count: number) {
  return Promise.all(Array.from({ length: count }, async () => {
    const { store, foundTaken, countUpdates } = watchStore(await place.open())
    return Object.assign(openLeases(store, 'leases'), { foundHeld: foundTaken, countRenewals: countUpdates })
  }))
}

/** What processes do under the lease: each is noted when it begins, and ends when it is let. */
function recordActs () {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  return {
    begun,
    act: (name: string) => async () => {
      begun.push(name)
      const { promise, resolve } = Promise.withResolvers<void>()
      ends.set(name, resolve)
      await promise
      return name
    },
    end: (name: string) => ends.get(name)!(),
    hasBegun: (name: string) => until(`${name} has begun`, () => begun.includes(name))
  }
}

onEachStore('while one process holds the lease of a key, others wait for that key alone', async (t, place) => {
  const letPass = stopClock(t)
  const [first, second] = await openProcesses(place, 2)
  const { begun, act, end, hasBegun } = recordActs()
  const held = first!('key', act('first'))
  await hasBegun('first')
  letPass(seconds - 1)
  const waits = second!('key', act('second'))
  const other = second!('another key', act('other'))
  await hasBegun('other')
  await Promise.race([second!.foundHeld, hasBegun('second')])
  t.same(begun, ['first', 'other'])
  end('first')
  t.equal(await held, 'first')
  await hasBegun('second')
  end('second')
  end('other')
  t.same(await Promise.all([waits, other]), ['second', 'other'])
})

onEachStore('who works for longer than the lease lasts keeps it', async (t, place) => {
  const letPass = stopClock(t, { intervals: true })
  const [first, second] = await openProcesses(place, 2)
  const { begun, act, end, hasBegun } = recordActs()
  const held = first!('key', act('first'))
  await hasBegun('first')
  const waits = second!('key', act('second'))
  for (let passed = 1; passed <= 2 * seconds; passed++) {
    letPass(1)
    await until('it is renewed', () => first!.countRenewals() >= passed)
  }
  t.same(begun, ['first'])
  end('first')
  await hasBegun('second')
  end('second')
  t.same(await Promise.all([held, waits]), ['first', 'second'])
})

onEachStore('what fails releases the lease, and is told to who has asked for it', async (t, place) => {
  stopClock(t)
  const [first, second] = await openProcesses(place, 2)
  await t.rejects(first!('key', () => Promise.reject(new Error('no'))), { message: 'no' })
  t.equal(await second!('key', async () => 'done'), 'done')
})

onEachStore('after a crash others wait for the end of the lease', async (t, place) => {
  const letPass = stopClock(t)
  const [crashed, second] = await openProcesses(place, 2)
  const { begun, act, end, hasBegun } = recordActs()
  const never = crashed!('key', act('crashed'))
  await hasBegun('crashed')
  const waits = second!('key', act('second'))
  await Promise.race([second!.foundHeld, hasBegun('second')])
  t.same(begun, ['crashed'])
  letPass(seconds)
  await hasBegun('second')
  for (const name of ['crashed', 'second']) end(name)
  await Promise.all([never, waits])
})

onEachStore('what was done under it is done, also where it cannot be released', async (t, place) => {
  stopClock(t)
  const store = await place.open()
  const lease = openLeases(store, 'leases')
  t.equal(await lease('key', async () => {
    await store.close()
    return 'done'
  }), 'done')
})

onEachStore('who has lost the lease does not release that of their successor', async (t, place) => {
  const letPass = stopClock(t)
  const [first, second, third] = await openProcesses(place, 3)
  const { begun, act, end, hasBegun } = recordActs()
  const late = first!('key', act('first'))
  await hasBegun('first')
  letPass(seconds)
  const successor = second!('key', act('second'))
  await hasBegun('second')
  end('first')
  await late
  const waits = third!('key', act('third'))
  await Promise.race([third!.foundHeld, hasBegun('third')])
  t.same(begun, ['first', 'second'])
  end('second')
  await hasBegun('third')
  end('third')
  t.same(await Promise.all([successor, waits]), ['second', 'third'])
})
