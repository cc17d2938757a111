import type {} from '@fastify/swagger'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { sameSiteOnly } from '../server/same-site.ts'
import { agentChanges, hostPageChanges, hostPageState, type HostPageSwitch } from './host-page-switch.ts'
import { answerJsonError, jsonError } from './json-errors.ts'
import { checkStrictly } from './strict-requests.ts'

/**
 * `/lab/host-page`: which brand and which deployment people see from the next page on. For the lab alone.
 *
 * @param options.url own origin; whoever asks under another is refused
 */
export const hostPageSwitchRoutes: FastifyPluginAsyncTypebox<{ url: string, hostPage: HostPageSwitch }> = async (app, { url, hostPage }) => {
  app.addHook('onRequest', sameSiteOnly(url))
  app.setErrorHandler(answerJsonError)
  checkStrictly(app)
  const tags = ['host page']
  const response = { 200: hostPageState, 400: jsonError, 403: jsonError, 409: jsonError }
  app.addHook('onSend', async (_request, reply) => { reply.header('cache-control', 'no-store') })

  app.get('/lab/host-page', {
    schema: { tags, summary: 'What the host page is', description: 'And what it can be switched to.', response }
  }, async () => hostPage.state)

  app.patch('/lab/host-page', {
    schema: {
      tags,
      summary: 'Switch the host page',
      description: 'From the next page on; what is open stays, and conversations go on. What is left out stays. Idempotent.',
      body: hostPage.deployment === undefined ? agentChanges : hostPageChanges,
      response
    }
  }, async ({ body }) => {
    await hostPage.change(body)
    return hostPage.state
  })

  app.delete('/lab/host-page', {
    schema: { tags, summary: 'Put the host page back', description: 'To what the settings say. Idempotent.', response }
  }, async () => {
    await hostPage.reset()
    return hostPage.state
  })
}
