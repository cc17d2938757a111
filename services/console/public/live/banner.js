import { element } from '../elements.js'

/** @import { Finding } from '../types.js' */

/**
 * A check that does not hold, and an application that went on: that is what everybody has to see.
 * @param {HTMLElement} place
 * @param {Finding[]} findings
 * @param {(key: string) => void} open
 */
export function showBanner (place, findings, open) {
  const accepted = findings.filter(({ ok, by, outcome, mayGoOn }) => !ok && by === 'relying party' && outcome === 'accepted' && !mayGoOn)
  place.hidden = accepted.length === 0
  const link = (/** @type {string} */ text, /** @type {string} */ message) => {
    const button = element('button', { type: 'button' }, text)
    button.addEventListener('click', () => open(message))
    return button
  }
  place.replaceChildren(...accepted.map(({ name, expected, found, message, evidence = message }) =>
    element('p', {}, `${name.replaceAll('-', ' ')}: expected ${expected}, found ${found}, and the application went on all the same. `,
      link('show it', message), ' ', link('show how it went on', evidence))))
}
