import { EventEmitter, once } from 'node:events'
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises'
import { isDate } from 'node:util/types'
import { jwtVerify, SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { installClock, moveProcessClock, realNow, runAt, theProcessClock, useProcessClock } from '#lib/clock.ts'
import { stopClock } from '../helpers/clock.ts'

const System = Date
const hour = 3_600_000
const decade = 315_576_000_000

/** That a time which is told is so far from the system's. */
function tells (t: Test, offsetMs: number, tell: () => number, message: string) {
  const before = realNow()
  const told = tell()
  t.ok(before + offsetMs <= told && told <= realNow() + offsetMs, `${message}: ${told - before - offsetMs} ms off`)
}

/** Go by the process's clock for one test. */
function use (t: Test, keptOffsetMs = 0) {
  const heard: number[] = []
  t.teardown(useProcessClock({ keptOffsetMs, moved: async offsetMs => { heard.push(offsetMs) } }))
  return heard
}

t.test('time is the system\'s as long as no lab wants another', async t => {
  await moveProcessClock(hour)
  tells(t, 0, Date.now, 'Date.now()')
  runAt({ offsetMs: -hour }, () => tells(t, 0, () => new Date().getTime(), 'new Date()'))
  await moveProcessClock(0)
  t.equal(Date, System)
})

const places = [['ahead', hour], ['behind', -hour], ['ten years ahead', decade], ['ten years behind', -decade]] as const
for (const [where, offsetMs] of places) {
  t.test(`everything that asks for the time hears it ${where}`, async t => {
    use(t)
    await moveProcessClock(offsetMs)
    tells(t, offsetMs, Date.now, 'Date.now()')
    tells(t, offsetMs, () => new Date().getTime(), 'new Date()')
    const asText = (time: number) => new System(time).toString()
    const before = realNow() + offsetMs
    const texts = [asText(before), Date(), asText(realNow() + offsetMs)].map(text => Date.parse(text))
    t.strictSame(texts, texts.toSorted((a, b) => a - b), 'Date()')
    tells(t, 0, realNow, 'and the system\'s is still to be had')
  })
}

t.test('a Date is a Date as before', async t => {
  use(t)
  await moveProcessClock(hour)
  const then = Date.UTC(2026, 0, 2, 3, 4, 5, 6)
  t.equal(Date.parse('2026-01-02T03:04:05.006Z'), then)
  for (const [how, date] of Object.entries({
    'of a number': new Date(then),
    'of a text': new Date('2026-01-02T03:04:05.006Z'),
    'of another': new Date(new Date(then)),
    'of fields': new Date(new Date(then).getFullYear(), 0, 2, new Date(then).getHours(), new Date(then).getMinutes(), 5, 6),
    'of the system\'s own': new System(then),
    'as a structured clone': structuredClone(new Date(then))
  })) {
    t.equal(date.toISOString(), '2026-01-02T03:04:05.006Z', how)
    t.ok(date instanceof Date && date instanceof System && isDate(date), how)
    t.equal(date.constructor, Date, how)
  }
  for (const none of [NaN, undefined]) t.ok(Number.isNaN(Reflect.construct(Date, [none]).getTime()), `${none} is no time`)
  t.equal(JSON.stringify({ at: new Date(then) }), '{"at":"2026-01-02T03:04:05.006Z"}')
  t.strictSame([Date.name, Date.length, typeof Date], ['Date', 7, 'function'])
  t.strictSame(Object.keys(Date), [])
})

t.test('a class of its own on top of Date tells the same time', async t => {
  use(t)
  await moveProcessClock(hour)
  class Day extends Date {
    get isLong () { return true }
  }
  const day = new Day()
  tells(t, hour, () => new Day().getTime(), 'its time')
  t.ok(day instanceof Day && day instanceof Date && day.isLong)
  t.equal(new Day(5).getTime(), 5)
})

t.test('two clocks in one process do not see each other, whatever they wait for', async t => {
  use(t)
  await moveProcessClock(5 * hour)
  const mine = { offsetMs: hour }
  const yours = { offsetMs: -hour }
  const lookAround = (clock: { offsetMs: number }) => runAt(clock, async () => {
    const waits = { 'a turn': () => turn(), 'a timer': () => pause(1), 'a promise': () => Promise.resolve() }
    for (const [what, wait] of Object.entries(waits)) {
      await wait()
      tells(t, clock.offsetMs, Date.now, `after ${what}`)
    }
    const events = new EventEmitter()
    setImmediate(() => events.emit('it'))
    await once(events, 'it')
    tells(t, clock.offsetMs, Date.now, 'after an event')
  })
  await Promise.all([lookAround(mine), lookAround(yours)])
  runAt(mine, () => {
    mine.offsetMs = 2 * hour
    tells(t, 2 * hour, Date.now, 'moved meanwhile')
    runAt(yours, () => tells(t, -hour, Date.now, 'one within the other'))
  })
  tells(t, 5 * hour, Date.now, 'the process\'s own')
})

t.test('timers and what is measured do not jump with it', async t => {
  use(t)
  const began = performance.now()
  for (const offsetMs of [decade, -decade, 0]) {
    const timer = pause(1)
    await moveProcessClock(offsetMs)
    await timer
  }
  t.ok(performance.now() - began < hour)
})

t.test('a JWT ends when the clock says so, and is good again where it is put back', async t => {
  use(t)
  const key = new Uint8Array(32)
  const jwt = await new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).setIssuedAt().setExpirationTime('15 minutes').sign(key)
  await jwtVerify(jwt, key)
  await moveProcessClock(16 * 60_000)
  await t.rejects(jwtVerify(jwt, key), { code: 'ERR_JWT_EXPIRED' })
  await runAt({ offsetMs: 0 }, () => jwtVerify(jwt, key))
  await moveProcessClock(0)
  await jwtVerify(jwt, key)
})

t.test('a test can put its own time in place, and take it away', async t => {
  use(t)
  await moveProcessClock(hour)
  await t.test('for Date.now()', async t => {
    t.intercept(Date, 'now', { value: () => 42 })
    t.equal(Date.now(), 42)
  })
  tells(t, hour, Date.now, 'after the first')
  await t.test('for all of Date', async t => {
    const later = stopClock(t)
    const stopped = Date.now()
    installClock()
    later(3)
    t.equal(Date.now(), stopped + 3000)
    t.equal(new Date().getTime(), stopped + 3000)
  })
  tells(t, hour, () => new Date().getTime(), 'after the second')
})

t.test('to install it again changes nothing', async t => {
  use(t)
  const installed = Date
  await moveProcessClock(hour)
  installClock()
  t.equal(Date, installed)
  tells(t, hour, Date.now, 'moved once')
})

t.test('the services of one process share its clock', async t => {
  const firstHeard: number[] = []
  const leaveFirst = useProcessClock({ keptOffsetMs: hour, moved: async offsetMs => { firstHeard.push(offsetMs) } })
  tells(t, hour, Date.now, 'what the first has kept is applied')
  const leaveSecond = useProcessClock({ keptOffsetMs: -hour, moved: async () => { t.fail('it has gone') } })
  tells(t, hour, Date.now, 'what the second has kept is not')
  leaveSecond()

  await moveProcessClock(2 * hour)
  await moveProcessClock(2 * hour)
  t.strictSame(firstHeard, [2 * hour], 'who uses it hears of each move, once')
  t.equal(theProcessClock.offsetMs, 2 * hour)
  leaveFirst()
  tells(t, 0, Date.now, 'with the last of them it is over')
})
