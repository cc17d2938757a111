/** @import { MessengerWindow } from '../messenger/window/messenger-window.js' */
/** @import { PluginContext } from '../platform/plugin-context.js' */

/**
 * @param {PluginContext} context
 * @param {MessengerWindow | undefined} view Absent when the deployment has no Messenger user interface.
 */
export function registerLauncher ({ bus, config }, view) {
  const plugin = bus.registerPlugin('Launcher', ['visible', 'hidden'])
  const visibility = config.messenger.launcherButton?.visibility ?? 'On'

  /** @param {boolean} visible */
  const show = (visible) => {
    if (!view || visibility === 'Off') throw new Error('Invalid configuration of Launcher button')
    view.showLauncher(visible)
    plugin.publish(visible ? 'visible' : 'hidden')
  }
  plugin.registerCommand('show', ({ resolve }) => { resolve(show(true)) })
  plugin.registerCommand('hide', ({ resolve }) => { resolve(show(false)) })
  plugin.ready()
  // What the page has queued is to hear of it.
  if (view && visibility === 'On') queueMicrotask(() => show(true))
}
