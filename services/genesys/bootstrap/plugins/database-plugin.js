/** @import { CommandEvent } from '../platform/plugin-bus.js' */
/** @import { PluginContext } from '../platform/plugin-context.js' */

/**
 * @typedef {Record<string, unknown>} Entry
 */

/**
 * Values the page lends to the other plugins, above all `messaging.customAttributes`.
 * @see https://developer.genesys.cloud/commdigital/digital/webmessaging/messengersdk/SDKCommandsEvents/databasePlugin
 * @param {PluginContext} context
 */
export function registerDatabase ({ bus }) {
  const plugin = bus.registerPlugin('Database', ['updated', 'removed'])
  /** @type {Entry} */
  let entries = {}
  /**
   * @param {Entry} changed
   * @param {'updated' | 'removed'} event
   */
  const keep = (changed, event) => {
    entries = changed
    plugin.data('entries', entries)
    plugin.publish(event, entries)
  }

  /** @param {(entries: Entry, change: Entry) => Entry} merge */
  const write = (merge) => (/** @type {CommandEvent} */ { data, resolve }) => {
    keep(merge(entries, /** @type {Entry} */ (data)), 'updated')
    resolve(data)
  }
  plugin.registerCommand('set', write((current, change) => mergeTo(current, change, ATTRIBUTES_DEPTH)))
  plugin.registerCommand('update', write((current, change) => mergeTo(current, change, Infinity)))
  plugin.registerCommand('get', ({ data, resolve }) => {
    const { name } = /** @type {{ name?: string }} */ (data)
    resolve(name === undefined ? entries : name.split('.').reduce((/** @type {unknown} */ value, key) => isEntry(value) ? value[key] : undefined, entries))
  })
  plugin.registerCommand('remove', ({ data, resolve }) => {
    const { name } = /** @type {{ name?: string }} */ (data)
    if (typeof name !== 'string') throw new Error('Database.remove takes a name')
    keep(without(entries, name.split('.')), 'removed')
    resolve()
  })
  plugin.ready()
}

// `set` replaces each of `messaging.customAttributes` as it is, and leaves the others there.
const ATTRIBUTES_DEPTH = 2

/**
 * @param {Entry} target
 * @param {Entry} change
 * @param {number} depth Of entries in entries that are merged and not replaced.
 * @returns {Entry}
 */
function mergeTo (target, change, depth) {
  const merged = Object.entries(change).map(([key, value]) => {
    const current = target[key]
    return [key, depth > 0 && isEntry(current) && isEntry(value) ? mergeTo(current, value, depth - 1) : value]
  })
  return { ...target, ...Object.fromEntries(merged) }
}

/**
 * @param {Entry} entries
 * @param {string[]} path
 * @returns {Entry}
 */
function without (entries, [key = '', ...rest]) {
  const { [key]: value, ...others } = entries
  if (rest.length === 0 || !isEntry(value)) return rest.length === 0 ? others : entries
  return { ...entries, [key]: without(value, rest) }
}

/**
 * @param {unknown} value
 * @returns {value is Entry}
 */
function isEntry (value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
