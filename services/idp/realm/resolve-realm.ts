import type { FastifyError, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { theProcessClock } from '#lib/clock/clock.ts'
import { dateByOurClock, handleByClock } from '#lib/clock/request-clock.ts'
import { NoSuchRealm } from './realm.ts'
import type { Realms } from './realms.ts'

/** Finds the issuer that a request is for and, in a lab, has everything that answers it go by the clock there. */
export const resolveRealm = fp<{ realms: Realms, lab: boolean }>(async (app, { realms, lab }) => {
  if (!app.hasRequestDecorator('realm')) app.decorateRequest('realm')

  app.addHook('onRequest', async request => {
    const { realm: name = '' } = request.params as { realm?: string }
    request.realm = await realms.find(name)
  })

  if (!lab) return
  handleByClock(app, ({ realm }) => realm.instruments?.clock ?? theProcessClock)
  app.addHook('onRequest', dateByOurClock)
}, { name: 'resolve-realm' })

/** Why a request has failed: where its realm has been removed meanwhile, because of that. */
export const whyIn = <E extends Error>({ realm }: FastifyRequest, error: E): E | FastifyError =>
  realm?.removed ? new NoSuchRealm(realm.name) : error
