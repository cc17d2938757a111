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
  // The text is not documented; our choice.
  const without = (/** @type {string} */ product) => withWindow(() => {
    throw new Error(`${product} is not enabled in your configuration.`)
  })
  plugin.registerCommand('open', withWindow((window) => window.setOpen(true)))
  plugin.registerCommand('openConversation', withWindow((window) => window.setOpen(true)))
  plugin.registerCommand('close', withWindow((window) => window.setOpen(false)))
  plugin.registerCommand('clear', withWindow((window) => window.clear()))
  plugin.registerCommand('openSearch', without('Knowledge'))
  plugin.registerCommand('openCobrowse', without('Co-browse'))
  plugin.ready()
  return controller?.view
}
