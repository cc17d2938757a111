import { fetchVisitorJourney } from './api.js'
import { momentOf, timeOf } from './formats.js'
import { element, words } from './elements.js'

/** @import { JourneyEvent, VisitorJourney } from './desk-api-types.js' */

/** @type {Record<string, string>} */
const TRAITS = { givenName: 'Given name', familyName: 'Family name', email: 'E-mail', cellPhone: 'Cell phone' }

/** Where the guest of the open conversation has been on the brand's pages. */
export class VisitorJourneyPanel {
  #shown = ''
  #isLoading = false
  #isStale = false

  node = element('section', { class: 'journey', 'aria-labelledby': 'journey-heading' })

  /** @param {string} conversationId */
  show (conversationId) {
    if (conversationId === this.#shown) return
    this.#shown = conversationId
    this.node.replaceChildren()
    this.#load()
  }

  /** @param {string} conversationId */
  changed (conversationId) {
    if (conversationId === this.#shown) this.#load()
  }

  /** Coalescing: several events at once are one question. */
  async #load () {
    if (this.#isLoading) {
      this.#isStale = true
      return
    }
    this.#isLoading = true
    do {
      this.#isStale = false
      const conversationId = this.#shown
      const journey = await fetchVisitorJourney(conversationId).catch(() => undefined)
      if (journey && conversationId === this.#shown) this.#draw(journey)
    } while (this.#isStale)
    this.#isLoading = false
  }

  /** @param {VisitorJourney} journey */
  #draw ({ traits, events }) {
    const told = Object.entries(traits)
    this.node.replaceChildren(
      element('h3', { id: 'journey-heading' }, 'Where they have been'),
      ...events.length === 0 ? [element('p', { class: 'hint' }, 'Nothing is known.')] : [],
      ...told.length === 0
        ? []
        : [
            element('p', { class: 'hint' }, 'What they told there. Nobody has verified it.'),
            element('dl', {}, ...told.map(([name, value]) => element('div', {},
              element('dt', {}, TRAITS[name] ?? name), element('dd', {}, element('bdi', {}, value)))))
          ],
      element('ol', {}, ...events.map(stop)))
  }
}

/** @param {JourneyEvent} event */
function stop ({ eventName, page, attributes, createdDate }) {
  const isView = eventName === 'page_viewed'
  const details = Object.entries(attributes).map(([name, value]) => `${name}: ${value}`).join(', ')
  const time = element('time', { datetime: createdDate, title: momentOf(createdDate) }, timeOf(createdDate))
  return element('li', {},
    element('p', { class: 'what' },
      words('strong', '', isView ? page.title || 'A page' : eventName.replaceAll('_', ' ')), ' ', time),
    words('p', 'where', addressOf(page.url)),
    ...details ? [words('p', 'where', details)] : [])
}

/**
 * A page's address, as short as it can be said.
 * @param {string} url
 */
function addressOf (url) {
  if (!URL.canParse(url)) return url
  const { host, pathname, search, hash } = new URL(url)
  return `${host}${pathname}${search}${hash}`
}
