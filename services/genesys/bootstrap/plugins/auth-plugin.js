import { Auth } from '../auth/auth.js'
import { StepUpSignIn } from '../auth/step-up-sign-in.js'

/** @import { PluginContext } from '../platform/plugin-context.js' */

/**
 * The Auth plugin.
 * @see https://developer.genesys.cloud/commdigital/digital/webmessaging/messengersdk/SDKCommandsEvents/authPlugin
 * @param {PluginContext} context
 */
export function registerAuth (context) {
  const plugin = context.bus.registerPlugin('Auth', [
    'authenticating', 'authenticated', 'loggedOut', 'authError', 'tokenError', 'authProviderError', 'error', 'logoutError',
    'signInAvailable', 'signingIn', 'signedIn', 'signInFailed'
  ])
  const auth = new Auth(plugin, context)
  const stepUp = new StepUpSignIn(plugin, context, auth)
  plugin.registerCommand('getTokens', async ({ data, resolve }) => {
    const { forceUpdate } = /** @type {{ forceUpdate?: boolean }} */ (data)
    resolve(await (forceUpdate ? auth.forceUpdate() : auth.getTokens()))
  })
  plugin.registerCommand('authenticate', async ({ resolve }) => resolve(await auth.authenticate()))
  plugin.registerCommand('refreshToken', async ({ resolve }) => resolve(await auth.refreshToken()))
  plugin.registerCommand('reAuthenticate', async ({ resolve }) => resolve(await auth.reAuthenticate()))
  plugin.registerCommand('signIn', async ({ resolve }) => resolve(await stepUp.signIn()))
  plugin.registerCommand('logout', async ({ resolve }) => resolve(await auth.logout()))
  if (context.config.auth?.enabled) plugin.subscribe('AuthProvider.ready', () => auth.start())
  plugin.ready()
  return { auth, stepUp }
}
