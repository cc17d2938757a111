import { registerLazyCommands } from './lazy-commands.js'

/** @import { PluginContext } from '../platform/plugin-context.js' */

/**
 * Invites the guest to a conversation.
 * @see https://developer.genesys.cloud/commdigital/digital/webmessaging/messengersdk/SDKCommandsEvents/engagePlugin
 * @param {PluginContext} context
 */
export function registerEngage ({ bus, config }) {
  const plugin = bus.registerPlugin('Engage', ['inviteOffered', 'inviteAccepted', 'inviteRejected', 'inviteIgnored', 'inviteError'])
  registerLazyCommands(plugin, ['invite', 'accept', 'reject'], async () => {
    const { invitation } = await import('./engage-invitation.js')
    return invitation(plugin, config)
  })
  plugin.ready()
}
