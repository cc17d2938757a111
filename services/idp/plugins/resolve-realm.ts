import fp from 'fastify-plugin'
import { theProcessClock } from '#lib/clock.ts'
import { dateByOurClock, handleByClock } from '#lib/lab-clock.ts'
import type { Realms } from '../realms.ts'

/** Finds the issuer that a request is for and, in a lab, has everything that answers it go by the clock there. */
export const resolveRealm = fp<{ realms: Realms, lab: boolean }>(async (app, { realms, lab }) => {
  if (!app.hasRequestDecorator('realm')) app.decorateRequest('realm')

  app.addHook('onRequest', async request => {
    const { realm: name = '' } = request.params as { realm?: string }
    request.realm = realms.get(name)
  })

  if (!lab) return
  handleByClock(app, ({ realm }) => realm.lab?.clock ?? theProcessClock)
  app.addHook('onRequest', dateByOurClock)
}, { name: 'resolve-realm' })
