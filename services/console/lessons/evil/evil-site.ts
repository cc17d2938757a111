import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync } from 'fastify'
import { attemptSite } from '../attempts/attempt-site.ts'
import type { Attempts } from '../attempts/attempts.ts'
import { copyRoutes } from './copy-routes.ts'
import { counterRoutes } from './counter-routes.ts'
import { gameRoutes } from './game-routes.ts'
import { lairRoutes } from './lair-routes.ts'
import { plantRoutes } from './plant-routes.ts'
import { rogueProviderRoutes } from './rogue-provider-routes.ts'

/** The attacker’s site: a page that shows what was got hold of, and whatever an attack needs on a host of its own. */
export const evilSite: FastifyPluginAsync<{ attempts: Attempts, url: string, careless: string }> = async (app, { attempts, url, careless }) => {
  await app.register(attemptSite, {
    attempts,
    url,
    party: 'evil',
    views: join(import.meta.dirname, 'views'),
    answerError: (error, request, reply) => {
      const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 400
      return reply.code(status).viewAsync('failed', { title: 'That did not work', lair: request.attempt?.lair ?? '/', why: error.message })
    }
  })
  await app.register(fastifyStatic, { root: join(import.meta.dirname, 'public'), prefix: '/site/', cacheControl: false })
  await app.register(lairRoutes)
  await app.register(copyRoutes, { careless })
  await app.register(counterRoutes)
  await app.register(gameRoutes)
  await app.register(rogueProviderRoutes)
  await app.register(plantRoutes, { careless })
}
