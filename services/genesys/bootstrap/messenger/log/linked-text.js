import { webAddress } from '../shared/content-parts.js'
import { externalLink } from '../shared/elements.js'

// Without the characters that turn the direction of writing: an address must read as what it leads to.
const ADDRESS = /\bhttps?:\/\/[^\s<>"\u202a-\u202e\u2066-\u2069]+/gi
const CLOSING = /[.,;:!?'’”»)\]}]+$/

/**
 * The text with its web addresses as links. It stays text in every other respect.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function linkAddresses (text) {
  /** @type {(Node | string)[]} */
  const parts = []
  let end = 0
  for (const match of text.matchAll(ADDRESS)) {
    const address = withoutPunctuation(match[0])
    const url = webAddress(address)
    if (!url) continue
    parts.push(text.slice(end, match.index), externalLink(url, {}, address))
    end = match.index + address.length
  }
  return [...parts, text.slice(end)].filter((part) => part !== '')
}

/**
 * What ends the sentence is not part of the address; a bracket is, when it was opened there.
 * @param {string} match
 */
function withoutPunctuation (match) {
  const address = match.replace(CLOSING, '')
  return match[address.length] === ')' && address.includes('(') ? `${address})` : address
}
