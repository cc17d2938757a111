/** @import { GuestMessage } from './outbox.js' */
/** @import { Plugin } from './types.js' */

const MAX_BYTES = 2048

/** The page's `messaging.customAttributes` (Database plugin): each change rides on the next message. */
export class CustomAttributes {
  #plugin
  #sent = ''

  /** @param {Plugin} plugin */
  constructor (plugin) {
    this.#plugin = plugin
  }

  /** @param {GuestMessage} message */
  ride (message) {
    const entries = /** @type {{ messaging?: { customAttributes?: unknown } } | undefined} */ (this.#plugin.data('Database.entries'))
    const customAttributes = entries?.messaging?.customAttributes
    const attributes = JSON.stringify(customAttributes) ?? ''
    if (attributes === this.#sent) return message
    this.#sent = attributes
    if (new TextEncoder().encode(attributes).length > MAX_BYTES) {
      this.#plugin.publish('customAttributesSizeExceeded')
      return message
    }
    return { ...message, channel: { metadata: { customAttributes } } }
  }

  forget () {
    this.#sent = ''
  }
}
