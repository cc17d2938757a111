/** @import { DeploymentConfig } from '../../platform/deployment-config.js' */

/** @typedef {{ text: string, language: string }} WindowTitle */

/**
 * What the window is called: the deployment's own label, in the language of the page if there is one, else in the deployment's.
 * @param {DeploymentConfig} config
 * @param {string} [language] A tag, in any case.
 * @returns {WindowTitle}
 */
export function titleIn ({ customI18nLabels = [], defaultLanguage }, language = defaultLanguage) {
  for (const wanted of [language, defaultLanguage]) {
    const labels = customI18nLabels.find(({ language }) => language.toLowerCase() === wanted?.toLowerCase())
    const label = labels?.localizedLabels.find(({ key }) => key === 'MessengerHomeHeaderTitle')
    if (labels && label) return { text: label.value, language: labels.language }
  }
  return { text: 'Chat with us', language: 'en' }
}
