import { Type } from '#lib/validation/schema.ts'
import { guestErrors } from '../../protocol/guest-errors.ts'
import { blockedExtensions, maxCustomDataBytes } from '../../protocol/limits.ts'
import { defineAction } from './action.ts'
import { allowedMediaOf } from './session-response.ts'

/** What the deployment allows, for clients that have no session yet (`GetConfigurationResponse` of Genesys' Java SDK). */
export const getConfiguration = defineAction({
  deploymentId: Type.String()
}, async ({ deploymentId }, { connection: { deployment }, answer }) => {
  if (deploymentId.toLowerCase() !== deployment.id) throw guestErrors.requestFailed('The socket was opened for another deployment.')
  answer('GetConfigurationResponse', {
    allowedMedia: allowedMediaOf(deployment),
    blockedExtensions,
    maxCustomDataBytes,
    messageRoutingEnabled: true,
    sessionDurationSeconds: deployment.sessionDurationSeconds
  })
})
