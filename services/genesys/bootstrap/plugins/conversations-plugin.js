/** @import { PluginContext } from '../platform/plugin-context.js' */

/** @param {PluginContext} context */
export function registerConversations ({ bus }) {
  const plugin = bus.registerPlugin('Conversations', ['opened', 'started', 'closed', 'error'])
  plugin.subscribe('Messenger.opened', () => plugin.publish('opened'))
  plugin.subscribe('Messenger.closed', () => plugin.publish('closed'))
  plugin.subscribe('MessagingService.started', ({ data }) => plugin.publish('started', data))
  plugin.subscribe('MessagingService.error', ({ data }) => plugin.publish('error', data))
  plugin.ready()
}
