import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '#lib/validation/schema.ts'
import { PlatformError } from '../protocol/platform-errors.ts'
import type { Deployment } from './deployments-file.ts'
import { findDeployment } from './lookup.ts'

const params = Type.Object({ deploymentId: Type.String() })

/** What a page fetches before it shows a Messenger. Genesys serves these as files, which is why unknown ones are 403. */
export const configurationRoutes: FastifyPluginAsyncTypebox<{ deployments: () => Deployment[], url: string }> =
  async (app, { deployments, url }) => {
    app.addHook('onRequest', async (_request, reply) => { reply.header('cache-control', 'no-cache') })

    app.get('/webdeployments/v1/deployments/:deploymentId/config.json', { schema: { params } }, async ({ params }) =>
      configurationOf(find(params.deploymentId), url))

    app.get('/webdeployments/v1/deployments/:deploymentId/domains.json', { schema: { params } }, async ({ params }) => {
      const { allowAllDomains, allowedDomains } = find(params.deploymentId)
      return { allowAllDomains, allowedDomains }
    })

    function find (id: string): Deployment {
      const deployment = findDeployment(deployments(), id)
      if (!deployment) throw new PlatformError(403, { reason: 'there is no such deployment' })
      return deployment
    }
  }

/** The deployment configuration that a page or an app fetches before it connects. */
function configurationOf (deployment: Deployment, url: string) {
  const { allowAllDomains, allowedDomains, sessionDurationSeconds, auth, messenger, ...rest } = deployment
  const { apps: { conversations }, fileUpload } = messenger
  const messagingEndpoint = url.replace(/^http/, 'ws')
  return {
    ...rest,
    auth: { enabled: auth.enabled, allowSessionUpgrade: auth.allowSessionUpgrade },
    apiEndpoint: url,
    messenger: {
      ...messenger,
      apps: { conversations: { messagingEndpoint, ...conversations, sessionDurationSeconds } },
      fileUpload: { enableAttachments: fileUpload.modes.length > 0, ...fileUpload }
    }
  }
}
