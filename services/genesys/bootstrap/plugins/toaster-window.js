import { showPageNotice } from './page-notices.js'

/** @import { DeploymentConfig } from '../platform/deployment-config.js' */
/** @import { Plugin } from '../platform/plugin-bus.js' */

/**
 * @typedef {object} ToasterOptions
 * @property {string} [title]
 * @property {string} [body]
 * @property {{ type?: 'unary' | 'binary', primary?: string, secondary?: string }} [buttons]
 */

/**
 * The commands of the Toaster plugin. One is open at a time, and `closed` comes after each answer.
 * @param {Plugin} plugin
 * @param {DeploymentConfig} config
 * @returns {Record<string, (data: unknown) => unknown>}
 */
export function toaster (plugin, config) {
  /** @type {(() => void) | undefined} */
  let remove
  /** @param {'accepted' | 'declined'} [answer] */
  const finish = (answer) => {
    if (!remove) throw new Error('There is no toaster open.')
    remove()
    remove = undefined
    if (answer) plugin.publish(answer)
    plugin.publish('closed')
  }

  /** @param {ToasterOptions} options */
  const open = ({ title, body, buttons: { type = 'binary', primary, secondary } = {} }) => {
    if (config.headlessMode?.enabled) throw new Error('Messenger user interface must be enabled in your configuration.')
    if (remove) throw new Error('Toaster is already opened.')
    if (!title && !body) throw new Error('A toaster needs a title or a body.')
    remove = showPageNotice(config.messenger.styles?.primaryColor, {
      title: title && String(title),
      body: String(body ?? ''),
      buttons: [
        ...(primary ? [{ label: String(primary), look: /** @type {const} */ ('primary'), press: () => finish('accepted') }] : []),
        ...(secondary && type !== 'unary' ? [{ label: String(secondary), look: /** @type {const} */ ('quiet'), press: () => finish('declined') }] : [])
      ],
      close: () => finish()
    })
    plugin.publish('opened')
  }

  return {
    open (data) {
      try {
        open(/** @type {ToasterOptions} */ (data))
      } catch (error) {
        plugin.publish('error', { message: /** @type {Error} */ (error).message })
        throw error
      }
    },
    accept: () => finish('accepted'),
    decline: () => finish('declined'),
    close: () => finish()
  }
}
