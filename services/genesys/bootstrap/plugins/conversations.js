/** @import { PluginContext } from '../types.js' */

/** @param {PluginContext} context */
export function registerConversations ({ dispatcher }) {
  const plugin = dispatcher.registerPlugin('Conversations')
  plugin.subscribe('Messenger.opened', () => plugin.publish('opened'))
  plugin.subscribe('Messenger.closed', () => plugin.publish('closed'))
  plugin.subscribe('MessagingService.started', ({ data }) => plugin.publish('started', data))
  plugin.subscribe('MessagingService.error', ({ data }) => plugin.publish('error', data))
  plugin.ready()
}
