import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '#lib/schema.ts'
import { configurationOf, type Deployment } from '../deployments.ts'
import { PlatformError } from '../errors.ts'

const params = Type.Object({ deploymentId: Type.String() })

/** What a page fetches before it shows a Messenger. Genesys serves these as files, which is why unknown ones are 403. */
export const deploymentConfiguration: FastifyPluginAsyncTypebox<{ deployments: Deployment[], url: string }> =
  async (app, { deployments, url }) => {
    app.addHook('onRequest', async (_request, reply) => { reply.header('cache-control', 'no-cache') })

    app.get('/webdeployments/v1/deployments/:deploymentId/config.json', { schema: { params } }, async ({ params }) =>
      configurationOf(find(params.deploymentId), url))

    app.get('/webdeployments/v1/deployments/:deploymentId/domains.json', { schema: { params } }, async ({ params }) => {
      const { allowAllDomains, allowedDomains } = find(params.deploymentId)
      return { allowAllDomains, allowedDomains }
    })

    function find (id: string): Deployment {
      const deployment = deployments.find(deployment => deployment.id === id)
      if (!deployment) throw new PlatformError(403, { reason: 'there is no such deployment' })
      return deployment
    }
  }
