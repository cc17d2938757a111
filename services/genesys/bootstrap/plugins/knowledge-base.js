import { randomUUID } from '../platform/random-uuid.js'

/** @import { Article } from '../platform/deployment-config.js' */
/** @import { Plugin } from '../platform/plugin-bus.js' */

// As many as the examples of the SDK ask for.
const PAGE_SIZE = 3

/**
 * The commands of the KnowledgeService plugin over the articles of the deployment. Each publishes what it has found, or that there
 * is nothing, and resolves with the same. How the results look follows the Platform API; it searches by words.
 * @param {Plugin} plugin
 * @param {Article[]} articles In the order in which they are asked for most.
 * @returns {Record<string, (data: unknown) => unknown>}
 */
export function knowledgeBase (plugin, articles) {
  const sessionId = randomUUID()
  const categories = [...new Set(articles.flatMap(({ category }) => category ?? []))].map((name) => ({ id: name, name }))

  /**
   * @template Found
   * @param {Found[]} found
   * @param {string} event
   * @param {string} none
   * @param {object} data
   */
  const tell = (found, event, none, data) => {
    plugin.publish(found.length > 0 ? event : none, data)
    return data
  }
  /** @param {{ query?: unknown, pageSize?: unknown }} options */
  const search = ({ query, pageSize = PAGE_SIZE }) => {
    const words = wordsOf(String(query ?? ''))
    const results = articles
      .map((document) => ({ document, confidence: likenessOf(words, document) }))
      .filter(({ confidence }) => confidence > 0)
      .sort((one, other) => other.confidence - one.confidence)
    return { query, searchId: randomUUID(), total: results.length, results: results.slice(0, Number(pageSize)) }
  }

  return {
    search (data) {
      const found = search(/** @type {object} */ (data))
      return tell(found.results, 'searchResults', 'noSearchResultsFound', found)
    },
    getSuggestions (data) {
      const { query, results } = search(/** @type {object} */ (data))
      const suggestions = results.map(({ document: { id, title } }) => ({ id, title }))
      return tell(suggestions, 'suggestions', 'noSuggestionsFound', { query, suggestions })
    },
    getCategories: () => tell(categories, 'categories', 'noCategoriesFound', { categories }),
    getArticle (data) {
      const { articleId } = /** @type {{ articleId?: unknown }} */ (data)
      const found = articles.filter(({ id }) => id === articleId)
      return tell(found, 'article', 'noArticleFound', found.length > 0 ? { article: found[0] } : { articleId })
    },
    getArticlesByCategory (data) {
      const { categoryId } = /** @type {{ categoryId?: unknown }} */ (data)
      const found = articles.filter(({ category }) => category !== undefined && category === categoryId)
      return tell(found, 'articlesByCategory', 'noArticlesByCategoryFound', { categoryId, articles: found })
    },
    getTopViewedArticles (data) {
      const { pageSize = PAGE_SIZE } = /** @type {{ pageSize?: unknown }} */ (data)
      const found = articles.slice(0, Number(pageSize))
      return tell(found, 'topViewedArticles', 'noTopViewedArticlesFound', { articles: found })
    },
    sendFeedback (data) {
      const { documentId, rating } = /** @type {{ documentId?: unknown, rating?: unknown }} */ (data)
      if (!articles.some(({ id }) => id === documentId)) throw new Error(`There is no article ${String(documentId)}`)
      if (rating !== 'Positive' && rating !== 'Negative') throw new Error('The rating has to be Positive or Negative')
      plugin.publish('feedbackSent', data)
    },
    getSession: () => ({ sessionId })
  }
}

/** @param {string} text */
function wordsOf (text) {
  return text.toLowerCase().split(/[^\p{Letter}\p{Number}]+/u).filter((word) => word.length > 1)
}

/**
 * @param {string[]} words
 * @param {Article} article
 * @returns {number} Up to 1: how many of the words it has; those in the title count most.
 */
function likenessOf (words, { title, body }) {
  const [titled, said] = [wordsOf(title), wordsOf(body)]
  const starts = (/** @type {string} */ word) => (/** @type {string} */ other) => other.startsWith(word)
  const points = words.map((word) => titled.some(starts(word)) ? 1 : said.some(starts(word)) ? 0.5 : 0)
  return words.length === 0 ? 0 : points.reduce((/** @type {number} */ sum, point) => sum + point, 0) / words.length
}
