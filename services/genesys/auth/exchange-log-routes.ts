import type { FastifyPluginAsync } from 'fastify'
import { answerJsonError } from '#lib/control-api/json-errors.ts'
import { checkStrictly } from '#lib/control-api/strict-requests.ts'
import { sameSiteOnly } from '#lib/server/same-site.ts'
import type { ExchangeLog } from './exchange-log.ts'

/** Why codes, ID tokens and refresh tokens were taken or refused, newest first. The real product tells nobody. */
export const exchangeLogRoutes: FastifyPluginAsync<{ exchangeLog: ExchangeLog, url: string }> = async (app, { exchangeLog, url }) => {
  app.addHook('onRequest', sameSiteOnly(url))
  app.setErrorHandler(answerJsonError)
  checkStrictly(app)

  app.get('/lab/exchanges', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return await exchangeLog.recent()
  })
}
