import { requestJson } from './rest.js'

/** @import { DeploymentConfig } from './types.js' */

/**
 * Fetches the deployment, or answers undefined when this page's host is not among its allowed domains.
 * @param {string} origin
 * @param {string} deploymentId
 */
export async function fetchDeployment (origin, deploymentId) {
  const base = `${origin}/webdeployments/v1/deployments/${encodeURIComponent(deploymentId)}`
  const domains = await requestJson('GET', `${base}/domains.json`)
  if (!allows(/** @type {DomainList} */ (domains.data), location.hostname)) return
  const config = await requestJson('GET', `${base}/config.json`)
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
