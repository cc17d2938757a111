/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 */
export function element (tag, attributes = {}, ...children) {
  const created = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) created.setAttribute(name, value)
  created.append(...children)
  return created
}

/**
 * @template {Element} E
 * @param {string} selector
 * @param {new () => E} kind
 */
export function find (selector, kind) {
  const found = document.querySelector(selector)
  if (!(found instanceof kind)) throw new Error(`The page has no ${selector}`)
  return found
}

/**
 * Prototype: makes copies of an element, words and all, with what differs put into them. A browser copies an element in half the time that it
 * takes to make one, which counts where there are thousands.
 * @template {HTMLElement} E
 * @param {E} original
 * @param {Record<string, string>} texts by the selectors of what they are to be in
 */
export function copyOf (original, texts) {
  const copy = /** @type {E} */ (original.cloneNode(true))
  for (const [selector, text] of Object.entries(texts)) {
    const place = copy.querySelector(selector)
    if (place) place.textContent = text
  }
  return copy
}
