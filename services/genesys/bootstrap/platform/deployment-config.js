import { requestJson } from './rest-api.js'

/**
 * @typedef {object} DeploymentConfig
 * @property {string} apiEndpoint
 * @property {string} status
 * @property {{ enabled: boolean, allowSessionUpgrade?: boolean }} [auth]
 * @property {{ enabled?: boolean }} [headlessMode]
 * @property {{ enabled?: boolean }} [journeyEvents]
 * @property {{ articles?: Article[] }} [knowledge] Of this lab: there they are in the cloud.
 * @property {string} [defaultLanguage]
 * @property {{ language: string, localizedLabels: { key: string, value: string }[] }[]} [customI18nLabels]
 * @property {MessengerConfig} messenger
 *
 * @typedef {{ id: string, title: string, body: string, category?: string }} Article
 *
 * @typedef {object} MessengerConfig
 * @property {boolean} enabled
 * @property {{ conversations: ConversationsConfig }} apps
 * @property {{ primaryColor?: string }} [styles]
 * @property {{ visibility?: 'On' | 'Off' | 'OnDemand' }} [launcherButton]
 * @property {{ enableAttachments?: boolean, modes?: { fileTypes: string[], maxFileSizeKB: number }[] }} [fileUpload]
 *
 * @typedef {object} ConversationsConfig
 * @property {string} messagingEndpoint
 * @property {number | undefined} [sessionDurationSeconds]
 * @property {boolean | undefined} [showUserTypingIndicator]
 * @property {boolean | undefined} [showAgentTypingIndicator]
 * @property {{ enabled: boolean }} [autoStart]
 * @property {{ enabled: boolean }} [conversationClear]
 */

/**
 * Fetches the deployment, or answers undefined when this page's host is not among its allowed domains.
 * @param {string} origin
 * @param {string} deploymentId
 */
export async function fetchDeployment (origin, deploymentId) {
  const base = `${origin}/webdeployments/v1/deployments/${encodeURIComponent(deploymentId)}`
  const asked = requestJson('GET', `${base}/domains.json`)
  // At the same time, as a round trip may take a while. What becomes of it counts once the domain is allowed.
  const configured = requestJson('GET', `${base}/config.json`)
  configured.catch(() => {})
  const domains = await asked
  if (!allows(/** @type {DomainList} */ (domains.data), location.hostname)) return
  const config = await configured
  return /** @type {DeploymentConfig} */ (config.data)
}

/**
 * What `GenesysJS.configuration` gives to the page: the configuration without its presentation.
 * @param {DeploymentConfig} config
 */
export function trimmedConfig (config) {
  const hidden = new Set(['cobrowse', 'supportCenter', 'position', 'launcherButton', 'styles', 'markdown', 'homeScreen', 'humanize'])
  return JSON.parse(JSON.stringify(config, (key, value) => hidden.has(key) ? undefined : value))
}

/**
 * @typedef {{ allowAllDomains?: boolean, allowedDomains?: string[] }} DomainList
 * @param {DomainList} domains
 * @param {string} hostname
 */
function allows ({ allowAllDomains, allowedDomains = [] }, hostname) {
  return allowAllDomains === true ||
    allowedDomains.some((domain) => hostname === domain || hostname.endsWith(`.${domain}`))
}
