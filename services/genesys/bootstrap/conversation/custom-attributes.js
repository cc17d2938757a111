/** @import { Plugin } from '../platform/plugin-bus.js' */

const MAX_BYTES = 2048

/** The page's `messaging.customAttributes` (Database plugin): each change goes with the next message. */
export class CustomAttributes {
  #plugin
  #sent = ''

  /** @param {Plugin} plugin */
  constructor (plugin) {
    this.#plugin = plugin
  }

  /**
   * @template {object} Message
   * @param {Message} message What is about to be sent, a Join as well.
   */
  attachTo (message) {
    const entries = /** @type {{ messaging?: { customAttributes?: unknown } } | undefined} */ (this.#plugin.data('Database.entries'))
    const customAttributes = entries?.messaging?.customAttributes
    const attributes = JSON.stringify(customAttributes) ?? ''
    if (attributes === this.#sent) return message
    this.#sent = attributes
    if (new TextEncoder().encode(attributes).length > MAX_BYTES) {
      const body = `customAttributes object is larger than allowed limit: ${MAX_BYTES} bytes`
      this.#plugin.publish('customAttributesSizeExceeded', { body, errorKey: 'customAttributesSizeExceeded' })
      return message
    }
    return { ...message, channel: { metadata: { customAttributes } } }
  }

  forget () {
    this.#sent = ''
  }
}
