import { MessengerController } from '../messenger/controller.js'

/** @import { CommandEvent, PluginContext } from '../types.js' */

/** @param {PluginContext} context */
export function registerMessenger (context) {
  const { dispatcher, config } = context
  const plugin = dispatcher.registerPlugin('Messenger')
  const hasWindow = config.messenger.enabled && !config.headlessMode?.enabled
  const controller = hasWindow ? new MessengerController(plugin, context) : undefined

  /** @param {(controller: MessengerController) => void} run */
  const withWindow = (run) => (/** @type {CommandEvent} */ { resolve }) => {
    if (!controller) throw new Error('Messenger user interface must be enabled in your configuration.')
    run(controller)
    resolve()
  }
  plugin.registerCommand('open', withWindow((window) => window.setOpen(true)))
  plugin.registerCommand('openConversation', withWindow((window) => window.setOpen(true)))
  plugin.registerCommand('close', withWindow((window) => window.setOpen(false)))
  plugin.registerCommand('clear', withWindow((window) => window.clear()))
  plugin.ready()
  return controller?.view
}
