import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { hostPageChanges } from '#lib/control-api/host-page-switch.ts'
import { checkStrictly } from '#lib/control-api/strict-requests.ts'
import { unnoticed } from '#lib/server/route-config.ts'
import type { HostPageClient } from '../host-page/host-page-client.ts'

const notThere = { error: 'temporarily_unavailable', error_description: 'The application does not answer, or is no lab. Start it, and try again.' }

/** Which brand and deployment people see from the next page on, switched at every service that shows them. */
export const hostPageRoutes: FastifyPluginAsyncTypebox<{ hostPage: HostPageClient }> = async (app, { hostPage }) => {
  checkStrictly(app)

  app.get('/host-page', { config: unnoticed }, async (_request, reply) => await hostPage.read() ?? reply.code(502).send(notThere))

  app.patch('/host-page', { schema: { body: hostPageChanges } }, async ({ body }) => {
    const { state, services } = await hostPage.change(body)
    return { ...state, services }
  })

  app.delete('/host-page', async () => {
    const { state, services } = await hostPage.change(undefined)
    return { ...state, services }
  })
}
