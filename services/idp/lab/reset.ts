import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '#lib/schema.ts'
import type { Addresses } from '#lib/settings.ts'
import type { Realms } from '../realms.ts'
import { answers } from './answers.ts'
import { moveClock } from './clock.ts'

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
        'works any more. At the root this removes all realms too; in a realm it concerns that alone. Idempotent.',
      response: answers(Type.Object({ services: Type.Optional(Type.Record(Type.String(), Type.String())) }))
    }
  }, async ({ realm }) => {
    if (realm === realms.root) for (const { name } of realms.all) if (name !== '') realms.remove(name)
    const { services } = { services: undefined, ...await moveClock(realm, addresses, 0) }
    await realm.reset()
    return { ...(services && { services }) }
  })
}
