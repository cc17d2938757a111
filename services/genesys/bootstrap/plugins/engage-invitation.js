import { showPageNotice } from './page-notices.js'

/** @import { DeploymentConfig } from '../platform/deployment-config.js' */
/** @import { Plugin } from '../platform/plugin-bus.js' */

// Genesys' documentation of Engage says how many are shown.
const MAX_CHARACTERS = 70
// Who has not answered by then does not want to.
const IGNORED_AFTER_MS = 60_000

/**
 * The commands of the Engage plugin. Without a window of the Messenger the page shows the invitation, and answers it by command.
 * @param {Plugin} plugin
 * @param {DeploymentConfig} config
 * @returns {Record<string, (data: unknown) => unknown>}
 */
export function invitation (plugin, config) {
  const isHeadless = !config.messenger.enabled || config.headlessMode?.enabled
  /** @type {(() => void) | undefined} */
  let remove
  let ignored = 0
  /** @param {'inviteAccepted' | 'inviteRejected' | 'inviteIgnored'} outcome */
  const finish = (outcome) => {
    if (!remove) throw new Error('There is no invitation to answer.')
    clearTimeout(ignored)
    remove()
    remove = undefined
    plugin.publish(outcome)
    if (outcome !== 'inviteAccepted') return
    // It may be open, or on, already.
    plugin.command(isHeadless ? 'MessagingService.startConversation' : 'Messenger.open').catch(() => {})
  }

  /** @param {string} body */
  const show = (body) => showPageNotice(config.messenger.styles?.primaryColor, {
    body,
    buttons: [
      { label: 'Chat', look: 'primary', press: () => finish('inviteAccepted') },
      { label: 'No, thank you', look: 'quiet', press: () => finish('inviteRejected') }
    ],
    close: () => finish('inviteRejected')
  })

  /** @param {{ engageContent?: { offerText?: string } }} options */
  const invite = ({ engageContent = {} }) => {
    const { offerText = 'Can we help you?' } = engageContent
    if (remove) throw new Error('There is an invitation already.')
    if ([...String(offerText)].length > MAX_CHARACTERS) throw new Error(`The offerText is longer than ${MAX_CHARACTERS} characters.`)
    remove = isHeadless ? () => {} : show(String(offerText))
    ignored = setTimeout(() => finish('inviteIgnored'), IGNORED_AFTER_MS)
    plugin.publish('inviteOffered', { engageContent: { offerText } })
  }

  return {
    invite (data) {
      try {
        invite(/** @type {{ engageContent?: { offerText?: string } }} */ (data))
      } catch (error) {
        plugin.publish('inviteError', { message: /** @type {Error} */ (error).message })
        throw error
      }
    },
    accept: () => finish('inviteAccepted'),
    reject: () => finish('inviteRejected')
  }
}
