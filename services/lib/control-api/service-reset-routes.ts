import type {} from '@fastify/swagger'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { moveProcessClock } from '../clock/clock.ts'
import { answerJsonError, jsonError } from './json-errors.ts'
import { checkStrictly } from './strict-requests.ts'
import { sameSiteOnly } from '../server/same-site.ts'
import { Type } from '../validation/schema.ts'

/** What every `DELETE /lab` answers. */
export const resetAnswer = Type.Object({
  done: Type.String({ description: 'what was put back here, in words' }),
  services: Type.Optional(Type.Record(Type.String(), Type.String(), {
    description: 'The same of the other services of the lab, by their URL; or `not reachable` or `refused`. Not in a realm.'
  }))
})

/**
 * `DELETE /lab` of a service: as after its first start. For the lab alone.
 *
 * @param options.url own origin; whoever asks under another is refused
 * @param options.done what is put back, in words
 * @param options.reset does it, but for the clock
 */
export const serviceResetRoutes: FastifyPluginAsyncTypebox<{ url: string, done: string, reset: () => Promise<void> }> =
  async (app, { url, done, reset }) => {
    app.addHook('onRequest', sameSiteOnly(url))
    app.setErrorHandler(answerJsonError)
    checkStrictly(app)

    app.delete('/lab', {
      schema: {
        tags: ['lab'],
        summary: 'Put everything back',
        description: 'What this service keeps is as after its first start. Idempotent.',
        response: { 200: resetAnswer, 400: jsonError, 403: jsonError }
      }
    }, async (_request, reply) => {
      await moveProcessClock(0)
      await reset()
      reply.header('cache-control', 'no-store')
      return { done }
    })
  }
