import { MessagingService } from '../messaging-service.js'

/** @import { PluginContext } from '../types.js' */
/** @import { Auth } from './auth.js' */

/**
 * @see https://developer.genesys.cloud/commdigital/digital/webmessaging/messengersdk/SDKCommandsEvents/messagingServicePlugin
 * @param {PluginContext} context
 * @param {Auth} auth
 */
export function registerMessagingService (context, auth) {
  const plugin = context.dispatcher.registerPlugin('MessagingService')
  const service = new MessagingService(plugin, context, auth)
  plugin.registerCommand('startConversation', async ({ resolve }) => resolve(await service.start()))
  plugin.registerCommand('sendMessage', async ({ data, resolve }) => resolve(await service.sendMessage(data)))
  plugin.registerCommand('sendTyping', ({ resolve }) => resolve(service.sendTyping()))
  plugin.registerCommand('clearTypingTimeout', ({ resolve }) => resolve(service.clearTypingTimeout()))
  plugin.registerCommand('fetchHistory', async ({ resolve }) => resolve(await service.fetchHistory()))
  plugin.registerCommand('resetConversation', async ({ resolve }) => resolve(await service.resetConversation()))
  plugin.registerCommand('clearConversation', async ({ resolve }) => resolve(await service.clearConversation()))
  plugin.subscribe('Auth.authenticated', () => service.resume())
  plugin.ready()
  if (context.config.auth?.enabled) auth.onSignedOut = (where) => service.signedOut(where)
  else service.resume()
}
