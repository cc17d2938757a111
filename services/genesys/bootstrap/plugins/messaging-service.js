import { MessagingService } from '../messaging-service.js'

/** @import { Auth } from '../auth.js' */
/** @import { StepUp } from '../step-up.js' */
/** @import { PluginContext } from '../types.js' */

/**
 * @see https://developer.genesys.cloud/commdigital/digital/webmessaging/messengersdk/SDKCommandsEvents/messagingServicePlugin
 * @param {PluginContext} context
 * @param {{ auth: Auth, stepUp: StepUp }} identity
 */
export function registerMessagingService (context, { auth, stepUp }) {
  const plugin = context.dispatcher.registerPlugin('MessagingService')
  const service = new MessagingService(plugin, context, auth)
  const { uploads } = service
  /** @type {Record<string, (data: unknown) => unknown>} */
  const commands = {
    startConversation: () => service.start(),
    configureConversation: () => service.start({ joins: false }),
    joinConversation: () => service.join(),
    stepUpConversation: () => service.stepUp(stepUp),
    sendMessage: (data) => service.sendMessage(data),
    sendTyping: () => service.sendTyping(),
    clearTypingTimeout: () => service.clearTypingTimeout(),
    requestUpload: (data) => uploads.upload(data),
    getFile: (data) => uploads.address(data),
    downloadFile: (data) => uploads.download(data),
    deleteFile: (data) => uploads.delete(data),
    refreshFiles: () => service.refreshFiles(),
    fetchHistory: () => service.fetchHistory(),
    resetConversation: () => service.resetConversation(),
    clearConversation: () => service.clearConversation(),
    clearSession: () => service.clearSession()
  }
  for (const [name, run] of Object.entries(commands)) {
    plugin.registerCommand(name, async ({ data, resolve }) => resolve(await run(data)))
  }

  const connectByItself = () => {
    const { messenger, headlessMode } = context.config
    const { headless } = /** @type {{ headless?: { configureOnly?: boolean } }} */ (plugin.data('AuthProvider.settings') ?? {})
    // Without a window nobody could open the conversation. A failure is published as MessagingService.error.
    const wanted = headlessMode?.enabled && messenger.apps.conversations.autoStart?.enabled && !headless?.configureOnly
    if (wanted) service.start().catch(() => {})
  }
  plugin.subscribe('Auth.authenticated', () => {
    service.identified()
    connectByItself()
  })
  plugin.ready()
  auth.onSignedOut = (where) => service.signedOut(where)
  if (auth.required) return
  service.resume()
  connectByItself()
}
