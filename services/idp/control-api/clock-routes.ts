import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { moveProcessClock, theProcessClock } from '#lib/clock/clock.ts'
import { clockAdvance, clockOffset, clockState, offsetMsOf, stateOf } from '#lib/control-api/clock-schemas.ts'
import { moveOtherClocks } from '#lib/control-api/other-services.ts'
import type { Addresses } from '#lib/settings/settings.ts'
import { Type } from '#lib/validation/schema.ts'
import { moveRealmClock } from '../realm/realm-clock.ts'
import type { Realm } from '../realm/realm.ts'
import { answers } from './answers.ts'

const state = Type.Object({
  ...clockState.properties,
  services: Type.Optional(Type.Record(Type.String(), Type.String(), {
    description: 'What came of telling the other services of the lab, by their URL: ' +
      '`moved`, `not reachable` or `refused`. Not in a realm.'
  }))
})

const tags = ['Clock']
const response = answers(state)

/** `/lab/clock`: moves token lifetimes, sessions and codes, here and in the rest of the lab. */
export const clockRoutes: FastifyPluginAsyncTypebox<{ addresses: Addresses }> = async (app, { addresses }) => {
  const clockOf = (realm: Realm) => realm.instruments?.clock ?? theProcessClock
  const move = (realm: Realm, offsetMs: number) => moveClock(realm, addresses, offsetMs)

  app.get('/lab/clock', {
    schema: { tags, summary: 'What the clock says', response }
  }, async ({ realm }) => stateOf(clockOf(realm)))

  app.put('/lab/clock', {
    schema: {
      tags,
      summary: 'Set the clock',
      description: 'Moves token lifetimes, sessions and codes at once, here and by the same call in the relying party ' +
        'and genesys, where they run. The clock of a realm is its own. Browsers keep the time of the system. Idempotent.',
      body: clockOffset,
      response
    }
  }, ({ realm, body }) => move(realm, offsetMsOf(body.offsetSeconds)))

  app.post('/lab/clock/advance', {
    schema: {
      tags,
      summary: 'Move the clock on',
      description: 'Adds to what was set before. Not idempotent: each call moves it once more.',
      body: clockAdvance,
      response
    }
  }, ({ realm, body }) => move(realm, offsetMsOf(clockOf(realm).offsetMs / 1000 + body.seconds)))

  app.delete('/lab/clock', {
    schema: { tags, summary: 'Put the clock back', description: 'To the time of the system. Idempotent.', response }
  }, ({ realm }) => move(realm, 0))
}

/** Move the clock of a realm; at the root that of this process, and of the other services. */
async function moveClock ({ instruments, store }: Realm, addresses: Addresses, offsetMs: number) {
  if (instruments?.clock) {
    await moveRealmClock(instruments.clock, store, offsetMs)
    return stateOf(instruments.clock)
  }
  await moveProcessClock(offsetMs)
  const services = await moveOtherClocks([addresses.app, addresses.genesys], offsetMs / 1000)
  return { ...stateOf(theProcessClock), services }
}
