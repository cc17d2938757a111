import type { FastifyPluginAsync } from 'fastify'
import { answerLabError } from '#lib/lab-clock.ts'
import { checkStrictly } from '#lib/lab-requests.ts'
import { sameSiteOnly } from '#lib/same-site.ts'
import type { Exchanges } from '../auth/exchanges.ts'

/** Why codes, ID tokens and refresh tokens were taken or refused, newest first. The real product tells nobody. */
export const labExchanges: FastifyPluginAsync<{ exchanges: Exchanges, url: string }> = async (app, { exchanges, url }) => {
  app.addHook('onRequest', sameSiteOnly(url))
  app.setErrorHandler(answerLabError)
  checkStrictly(app)

  app.get('/lab/exchanges', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return await exchanges.recent()
  })
}
