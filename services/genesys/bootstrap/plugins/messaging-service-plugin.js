import { CUSTOMER_ID } from '../platform/customer-id.js'
import { MessagingCommands } from '../session/messaging-commands.js'

/** @import { Auth } from '../auth/auth.js' */
/** @import { StepUpSignIn } from '../auth/step-up-sign-in.js' */
/** @import { PluginContext } from '../platform/plugin-context.js' */

const EVENTS = [
  'started', 'restoring', 'restored', 'sendingMessage', 'messagesReceived', 'messagesUpdated', 'repliedMessage', 'oldMessages', 'historyComplete',
  'typingReceived', 'typingTimeout', 'clientTypingStarted',
  'uploadApproved', 'uploading', 'fileUploaded', 'fileUploadError', 'fileUploadCancelled', 'fileReceived', 'fileDownloaded', 'fileDownloadError',
  'fileDeleted', 'allowedFileTypes',
  'offline', 'reconnecting', 'reconnected', 'error', 'sessionDurationConfigured', 'sessionTimingUpdated', 'sessionWarning', 'sessionCleared',
  'conversationDisconnected', 'readOnlyConversation', 'conversationReset', 'conversationCleared', 'customAttributesSizeExceeded',
  'steppedUpConversation', 'stepUpConversationError',
  // Of co-browsing, which there is none of here.
  'cobrowseOffer', 'cobrowseOfferAccepted', 'cobrowseOfferRejected', 'cobrowseOfferExpired'
]

/**
 * @see https://developer.genesys.cloud/commdigital/digital/webmessaging/messengersdk/SDKCommandsEvents/messagingServicePlugin
 * @param {PluginContext} context
 * @param {{ auth: Auth, stepUp: StepUpSignIn }} identity
 */
export function registerMessagingService (context, { auth, stepUp }) {
  const { messenger, headlessMode } = context.config
  const { sessionDurationSeconds } = messenger.apps.conversations
  const plugin = context.bus.registerPlugin('MessagingService', EVENTS)
  const service = new MessagingCommands(plugin, context, auth)
  /** @type {Record<string, (data: unknown) => unknown>} */
  const commands = {
    startConversation: () => service.start(),
    configureConversation: () => service.start({ joins: false }),
    joinConversation: () => service.join(),
    stepUpConversation: () => service.stepUp(stepUp),
    sendMessage: (data) => service.sendMessage(data),
    sendTyping: () => service.sendTyping(),
    clearTypingTimeout: () => service.clearTypingTimeout(),
    requestUpload: (data) => service.requestUpload(data),
    getFile: (data) => service.getFile(data),
    refreshFiles: () => service.refreshFiles(),
    downloadFile: (data) => service.downloadFile(data),
    deleteFile: (data) => service.deleteFile(data),
    fetchHistory: () => service.fetchHistory(),
    resetConversation: () => service.resetConversation(),
    clearConversation: () => service.clearConversation(),
    clearSession: () => service.clearSession()
  }
  for (const [name, run] of Object.entries(commands)) {
    plugin.registerCommand(name, async ({ data, resolve }) => {
      getReady()
      resolve(await run(data))
    })
  }

  let ready = false
  const getReady = () => {
    if (ready) return
    ready = true
    if (sessionDurationSeconds) plugin.publish('sessionDurationConfigured', { sessionDurationSeconds })
    plugin.ready()
  }
  const connectByItself = () => {
    const { headless } = /** @type {{ headless?: { configureOnly?: boolean } }} */ (plugin.data('AuthProvider.settings') ?? {})
    // Without a window nobody could open the conversation. A failure is published as MessagingService.error.
    const wanted = headlessMode?.enabled && messenger.apps.conversations.autoStart?.enabled && !headless?.configureOnly
    if (wanted) service.start().catch(() => {})
  }
  plugin.subscribe('Auth.authenticated', () => {
    service.identified()
    connectByItself()
  })
  // Where there is a window it is loaded with that, unless a conversation goes on or a command asks for it.
  plugin.subscribe('Messenger.opened', getReady)
  if (!messenger.enabled || headlessMode?.enabled || service.resumes) getReady()
  auth.onSignedOut = (where) => {
    service.signedOut(where)
    // The next at this browser is somebody else; another tab that was first has seen to that.
    if (!where.elsewhere) context.storage.remove(CUSTOMER_ID)
  }
  if (auth.required) return service
  service.resume()
  connectByItself()
  return service
}
