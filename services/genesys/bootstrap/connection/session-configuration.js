import { customerIdOf } from '../platform/customer-id.js'
import { isIdentityRefusal } from './frames.js'
import { retryWhenRateLimited } from './rate-limit-retry.js'

/** @import { Auth } from '../auth/auth.js' */
/** @import { PluginContext } from '../platform/plugin-context.js' */
/** @import { Frame } from './frames.js' */

const MAX_RECONFIGURE_ATTEMPTS = 3

/**
 * @typedef {object} OpenSocket
 * @property {AbortSignal} signal Aborted when the socket is lost or given up.
 * @property {(action: string, fields: Record<string, unknown>) => Promise<Frame>} request
 */

/**
 * Configures the guest session, in the name of the person where there is one.
 * @param {OpenSocket} socket
 * @param {PluginContext} context
 * @param {Auth} auth
 * @param {boolean} startNew
 * @returns {Promise<{ frame: Frame, authenticated: boolean }>} The frame has a SessionResponse.
 */
export async function configureSession (socket, context, auth, startNew) {
  const { signal } = socket
  const fields = { deploymentId: context.deploymentId, startNew, journeyContext: journeyContext(context) }
  for (let attempt = 0; ; attempt++) {
    auth.adopt()
    const authenticated = auth.identified
    try {
      const frame = await retryWhenRateLimited(() => authenticated
        ? socket.request('configureAuthenticatedSession', { ...fields, data: { code: auth.jwt } })
        : socket.request('configureSession', fields), signal)
      return { frame, authenticated }
    } catch (error) {
      // The person has just signed in in another tab, which storage tells this one a moment later.
      if (!signal.aborted && !authenticated && auth.adopt()) continue
      if (signal.aborted || !authenticated || !isIdentityRefusal(error) || attempt === MAX_RECONFIGURE_ATTEMPTS) throw error
      await auth.refreshToken()
      signal.throwIfAborted()
    }
  }
}

/** @param {PluginContext} context */
function journeyContext ({ storage }) {
  return { customer: { id: customerIdOf(storage), idType: 'cookie' }, customerSession: { id: '', type: 'web' } }
}
