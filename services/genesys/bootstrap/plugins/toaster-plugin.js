import { registerLazyCommands } from './lazy-commands.js'

/** @import { PluginContext } from '../platform/plugin-context.js' */

/**
 * A small window of the page, with words and buttons of the page's choice.
 * @see https://developer.genesys.cloud/commdigital/digital/webmessaging/messengersdk/SDKCommandsEvents/toasterPlugin
 * @param {PluginContext} context
 */
export function registerToaster ({ bus, config }) {
  const plugin = bus.registerPlugin('Toaster', ['opened', 'accepted', 'declined', 'closed', 'error'])
  registerLazyCommands(plugin, ['open', 'accept', 'decline', 'close'], async () => {
    const { toaster } = await import('./toaster-window.js')
    return toaster(plugin, config)
  })
  plugin.ready()
}
