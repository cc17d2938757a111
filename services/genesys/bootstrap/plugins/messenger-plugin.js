import { MessengerController } from '../messenger/messenger-controller.js'

/** @import { CommandEvent } from '../platform/plugin-bus.js' */
/** @import { PluginContext } from '../platform/plugin-context.js' */

// While it is set, the other tabs are told.
const CLEARED = 'gcmccleared'

/**
 * @param {PluginContext} context
 * @param {() => void} shutDown Ends what the other plugins have under way.
 */
export function registerMessenger (context, shutDown) {
  const { bus, config, storage, tabStorage } = context
  const plugin = bus.registerPlugin('Messenger', ['opened', 'closed', 'cleared'])
  const hasWindow = config.messenger.enabled && !config.headlessMode?.enabled
  const controller = hasWindow ? new MessengerController(plugin, context) : undefined

  /** @param {(controller: MessengerController) => void} run */
  const withWindow = (run) => (/** @type {CommandEvent} */ { resolve }) => {
    if (!controller) throw new Error('Messenger user interface must be enabled in your configuration.')
    run(controller)
    resolve()
  }
  const without = (/** @type {string} */ product) => withWindow(() => {
    throw new Error(`${product} is not enabled in your configuration.`)
  })
  plugin.registerCommand('open', withWindow((window) => {
    if (window.isOpen) throw new Error('Messenger is already opened.')
    window.setOpen(true)
  }))
  plugin.registerCommand('close', withWindow((window) => {
    if (!window.isOpen) throw new Error('Messenger is already closed.')
    window.setOpen(false)
  }))
  plugin.registerCommand('openConversation', withWindow((window) => window.setOpen(true)))
  plugin.registerCommand('openSearch', config.knowledge?.articles?.length
    ? withWindow(() => { throw new Error('The window has no search: the page can show what KnowledgeService finds.') })
    : without('Knowledge'))
  plugin.registerCommand('openCobrowse', without('Co-browse'))
  plugin.registerCommand('configure', ({ data, resolve }) => {
    const { config: { lang = undefined } = {} } = /** @type {{ config?: { lang?: unknown } }} */ (data)
    if (typeof lang !== 'string' || !isLanguage(lang)) throw new Error('Messenger.configure takes {config: {lang}}, a language tag such as en-us')
    controller?.setLanguage(lang)
    resolve()
  })

  const clear = () => {
    shutDown()
    controller?.remove()
    for (const area of [storage, tabStorage]) area.clear()
    plugin.publish('cleared')
    bus.shutDown('The Messenger has been cleared. It is there again once the page is reloaded.')
  }
  plugin.registerCommand('clear', ({ resolve }) => {
    clear()
    storage.set(CLEARED, 'true')
    storage.remove(CLEARED)
    resolve()
  })
  storage.onSetElsewhere(CLEARED, clear)
  plugin.ready()
  return controller?.view
}

/** @param {string} tag */
function isLanguage (tag) {
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch {
    return false
  }
}
