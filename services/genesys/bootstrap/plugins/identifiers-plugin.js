import { CUSTOMER_ID } from '../platform/customer-id.js'

/** @import { PluginContext } from '../platform/plugin-context.js' */

/**
 * By what the browser is known again.
 * @param {PluginContext} context
 */
export function registerIdentifiers ({ bus, storage, tabStorage }) {
  const plugin = bus.registerPlugin('Identifiers', ['purged'])
  plugin.registerCommand('purgeAll', ({ resolve }) => {
    for (const area of [storage, tabStorage]) area.remove(CUSTOMER_ID)
    plugin.publish('purged')
    resolve()
  })
  plugin.ready()
}
