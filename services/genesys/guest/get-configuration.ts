import { Type } from '#lib/schema.ts'
import { defineAction } from './action.ts'
import { guestErrors } from './frames.ts'
import { allowedMediaOf, blockedExtensions, maxCustomDataBytes } from './limits.ts'

/** What the deployment allows, for clients that have no session yet (`GetConfigurationResponse` of Genesys' Java SDK). */
export const getConfiguration = defineAction({
  deploymentId: Type.String()
}, async ({ deploymentId }, { connection: { deployment }, answer }) => {
  if (deploymentId !== deployment.id) throw guestErrors.requestFailed('The socket was opened for another deployment.')
  answer('GetConfigurationResponse', {
    allowedMedia: allowedMediaOf(deployment),
    blockedExtensions,
    maxCustomDataBytes,
    messageRoutingEnabled: true,
    sessionDurationSeconds: deployment.sessionDurationSeconds
  })
})
