import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync } from 'fastify'
import { attemptSite } from '../attempts/attempt-site.ts'
import type { Attempts } from '../attempts/attempts.ts'
import { logRoutes } from './log-routes.ts'
import { writeDebugLog, writeLog } from './log.ts'
import { messengerRoutes } from './messenger-routes.ts'
import { oneTapRoutes } from './one-tap-routes.ts'
import { profileRoutes } from './profile-routes.ts'
import { sessionOf } from './sessions.ts'
import { shopRoutes } from './shop-routes.ts'
import { signInRoutes } from './sign-in-routes.ts'
import { signOutRoutes } from './sign-out-routes.ts'

/**
 * The brand's old site: a relying party written by hand, of which each check can be off. It is for lessons alone; the one to copy is
 * `services/relying-party`, which knows nothing of this.
 */
export const carelessSite: FastifyPluginAsync<{ attempts: Attempts, url: string }> = async (app, { attempts, url }) => {
  await app.register(attemptSite, {
    attempts,
    url,
    party: 'relying-party',
    views: join(import.meta.dirname, 'views'),
    // Whatever a check throws, one that somebody is writing too.
    answerError: (error, request, reply) => {
      const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 400
      const { attempt } = request
      if (attempt) writeDebugLog(attempt, `refused: ${request.method} ${request.url}: ${error.message}`)
      // The counter is a picture of somebody whom the brand knows nothing about.
      return reply.code(status).viewAsync('refused', { title: 'Refused', home: attempt?.home ?? '/', account: attempt && sessionOf(request)?.account, why: error.message, counter: attempt && `${attempt.lair}counter.gif` })
    }
  })
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'referrer-policy': 'unsafe-url', 'x-content-type-options': 'nosniff' })
    const { attempt } = request
    if (!attempt) return
    writeLog(attempt, `${request.method} ${request.url}`)
  })
  await app.register(fastifyStatic, { root: join(import.meta.dirname, 'public'), prefix: '/site/', cacheControl: false })
  await app.register(shopRoutes)
  await app.register(signInRoutes)
  await app.register(oneTapRoutes)
  await app.register(profileRoutes)
  await app.register(messengerRoutes)
  await app.register(signOutRoutes)
  await app.register(logRoutes)
}
