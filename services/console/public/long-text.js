import { element } from './elements.js'

const shownLetters = 200

/**
 * The beginning of a text that somebody may have made very long.
 * @param {string} text
 */
export const beginningOf = text => text.length > shownLetters ? `${text.slice(0, shownLetters).toWellFormed()}…` : text

/**
 * A text; of a very long one its beginning, and all of it when it is asked for.
 * @param {string} text
 */
export function textOnDemand (text) {
  if (text.length <= shownLetters) return element('span', {}, text)
  return element('details', { class: 'long' },
    element('summary', {}, beginningOf(text), ' ', element('small', {}, `all ${text.length.toLocaleString()} characters`)), element('div', {}, text))
}
