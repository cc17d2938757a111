import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { moveProcessClock } from '#lib/clock/clock.ts'
import { resetOthers } from '#lib/control-api/other-services.ts'
import { resetAnswer } from '#lib/control-api/service-reset-routes.ts'
import type { Addresses } from '#lib/settings/settings.ts'
import { moveRealmClock } from '../realm/realm-clock.ts'
import type { Realms } from '../realm/realms.ts'
import { answers } from './answers.ts'

const here = 'Users, clients, settings, keys, faults, clock and ledger; nobody is signed in, and no code or token works any more'

/** `DELETE /lab`: as after the first start. */
export const resetRoutes: FastifyPluginAsyncTypebox<{
  realms: Realms,
  addresses: Addresses
}> = async (app, { realms, addresses }) => {
  app.delete('/lab', {
    schema: {
      tags: ['Lab'],
      summary: 'Put everything back',
      description: 'Users, clients, settings, keys, faults, clock and ledger; everybody is signed out and no code or token ' +
        'works any more. At the root this removes all realms too, and the relying party and genesys put back what is theirs, ' +
        'sessions and conversations included, where they run; in a realm it concerns that alone. Idempotent.',
      response: answers(resetAnswer)
    }
  }, async ({ realm }) => {
    if (realm === realms.root) await realms.removeAll()
    if (realm.instruments?.clock) await moveRealmClock(realm.instruments.clock, realm.store, 0)
    else await moveProcessClock(0)
    const services = realm === realms.root ? await resetOthers([addresses.app, addresses.genesys]) : undefined
    await realm.reset()
    return { done: `${here}${services ? '; there are no realms' : ''}.`, ...(services && { services }) }
  })
}
