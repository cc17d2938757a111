import tap from 'tap'
import { emptyMemory } from '../../services/console/lessons/careless/memory.ts'
import { putAway, writeLog } from '../../services/console/lessons/careless/log.ts'

const [daySeconds, noon] = [24 * 60 * 60, Date.UTC(2026, 10, 30, 12) / 1000]

tap.test('what the careless site writes down is put away once it is a day old, and not before', async t => {
  const memory = emptyMemory()
  writeLog({ memory, nowSeconds: noon }, 'GET /a/1f/')
  writeLog({ memory, nowSeconds: noon + 60 }, 'GET /a/1f/account')
  t.strictSame(putAway({ memory, nowSeconds: noon + daySeconds }), [])
  t.strictSame(putAway({ memory, nowSeconds: noon + daySeconds + 1 }), ['2026-11-30T12:00:00.000Z GET /a/1f/'])
})

tap.test('the log of the careless site does not grow for ever: the oldest lines go first', async t => {
  const memory = emptyMemory()
  for (let line = 1; line <= 250; line++) writeLog({ memory, nowSeconds: noon }, String(line))
  t.equal(memory.log.length, 200)
  t.match(memory.log[0], / 51$/)
  t.match(memory.log.at(-1), / 250$/)
})
