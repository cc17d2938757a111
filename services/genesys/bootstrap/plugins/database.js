/** @import { CommandEvent, PluginContext } from '../types.js' */

/**
 * @typedef {Record<string, unknown>} Entry
 */

/**
 * Values the page lends to the other plugins, above all `messaging.customAttributes`.
 * @see https://developer.genesys.cloud/commdigital/digital/webmessaging/messengersdk/SDKCommandsEvents/databasePlugin
 * @param {PluginContext} context
 */
export function registerDatabase ({ dispatcher }) {
  const plugin = dispatcher.registerPlugin('Database')
  /** @type {Entry} */
  let entries = {}

  /** @param {(entries: Entry, change: Entry) => Entry} merge */
  const write = (merge) => (/** @type {CommandEvent} */ { data, resolve }) => {
    entries = merge(entries, /** @type {Entry} */ (data))
    plugin.data('entries', entries)
    plugin.publish('updated', data)
    resolve(data)
  }
  plugin.registerCommand('set', write((current, change) => ({ ...current, ...change })))
  plugin.registerCommand('update', write(deepMerge))
  plugin.registerCommand('get', ({ data, resolve }) => {
    resolve(entries[/** @type {{ name: string }} */ (data).name])
  })
  plugin.registerCommand('remove', ({ data, resolve }) => {
    const { name } = /** @type {{ name: string }} */ (data)
    entries = Object.fromEntries(Object.entries(entries).filter(([key]) => key !== name))
    plugin.data('entries', entries)
    plugin.publish('removed', { name })
    resolve()
  })
  plugin.ready()
}

/**
 * @param {Entry} target
 * @param {Entry} change
 * @returns {Entry}
 */
function deepMerge (target, change) {
  const merged = Object.entries(change).map(([key, value]) => {
    const current = target[key]
    return [key, isEntry(current) && isEntry(value) ? deepMerge(current, value) : value]
  })
  return { ...target, ...Object.fromEntries(merged) }
}

/**
 * @param {unknown} value
 * @returns {value is Entry}
 */
function isEntry (value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
