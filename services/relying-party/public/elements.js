// The elements of the page that its scripts work with.

const dateFormat = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' })

/**
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} Type
 * @param {ParentNode} within
 */
export function find (selector, Type, within = document) {
  const element = within.querySelector(selector)
  if (!(element instanceof Type)) throw new Error(`The page has no ${selector}`)
  return element
}

/**
 * @param {HTMLTimeElement} element
 * @param {string} time in ISO 8601
 */
export function showTime (element, time) {
  element.dateTime = time
  element.textContent = dateFormat.format(new Date(time))
}

/**
 * Has a screen reader say it, once it has nothing else to say.
 * @param {string} text
 */
export function announce (text) {
  const announcement = find('#announcement', HTMLElement)
  // Writing the same text again would be read out again.
  if (announcement.textContent !== text) announcement.textContent = text
}
