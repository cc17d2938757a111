import { registerLazyCommands } from './lazy-commands.js'

/** @import { PluginContext } from '../platform/plugin-context.js' */

const COMMANDS = ['search', 'getSuggestions', 'getCategories', 'getArticle', 'getArticlesByCategory', 'getTopViewedArticles', 'sendFeedback', 'getSession']

/**
 * The articles that the deployment brings. Without any it is never `ready`, and every command says why.
 * @see https://developer.genesys.cloud/commdigital/digital/webmessaging/messengersdk/SDKCommandsEvents/knowledgeServicePlugin
 * @param {PluginContext} context
 */
export function registerKnowledge ({ bus, config }) {
  const service = bus.registerPlugin('KnowledgeService', [
    'error', 'searchResults', 'noSearchResultsFound', 'suggestions', 'noSuggestionsFound', 'categories', 'noCategoriesFound', 'article',
    'noArticleFound', 'articlesByCategory', 'noArticlesByCategoryFound', 'topViewedArticles', 'noTopViewedArticlesFound', 'feedbackSent'
  ])
  const plugin = bus.registerPlugin('Knowledge', ['error'])
  const articles = config.knowledge?.articles ?? []
  if (articles.length === 0) {
    for (const name of COMMANDS) service.registerCommand(name, ({ reject }) => reject('Knowledge is not enabled in your configuration.'))
    return
  }
  registerLazyCommands(service, COMMANDS, async () => {
    const { knowledgeBase } = await import('./knowledge-base.js')
    return knowledgeBase(service, articles)
  })
  service.ready()
  plugin.ready()
}
