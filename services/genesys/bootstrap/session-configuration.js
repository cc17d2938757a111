import { refusesIdentity } from './guest-messages.js'
import { patiently } from './rate-limits.js'

/** @import { Auth } from './auth.js' */
/** @import { Connection } from './connection.js' */
/** @import { PluginContext, SessionResponse } from './types.js' */

const MAX_RECONFIGURE_ATTEMPTS = 3
// Genesys Journey's customer id, kept by the browser for a year.
const CUSTOMER_ID = 'actmu'

/**
 * Configures the guest session on an open socket, in the name of the person where there is one.
 * @param {Connection} connection
 * @param {PluginContext} context
 * @param {Auth} auth
 * @param {boolean} startNew
 * @returns {Promise<{ session: SessionResponse, authenticated: boolean }>}
 */
export async function configureSession (connection, context, auth, startNew) {
  const { signal } = connection
  const fields = { deploymentId: context.deploymentId, startNew, journeyContext: journeyContext(context) }
  for (let attempt = 0; ; attempt++) {
    auth.adopt()
    const authenticated = auth.identified
    try {
      const { body } = await patiently(() => authenticated
        ? connection.request('configureAuthenticatedSession', { ...fields, data: { code: auth.jwt } })
        : connection.request('configureSession', fields), signal)
      return { session: /** @type {SessionResponse} */ (body), authenticated }
    } catch (error) {
      // The person has just signed in in another tab, which storage tells this one a moment later.
      if (!signal.aborted && !authenticated && auth.adopt()) continue
      if (signal.aborted || !authenticated || !refusesIdentity(error) || attempt === MAX_RECONFIGURE_ATTEMPTS) throw error
      await auth.refreshToken()
      signal.throwIfAborted()
    }
  }
}

/** @param {PluginContext} context */
function journeyContext ({ storage }) {
  const id = storage.get(CUSTOMER_ID) ?? crypto.randomUUID()
  storage.set(CUSTOMER_ID, id)
  return { customer: { id, idType: 'cookie' }, customerSession: { id: '', type: 'web' } }
}
