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
 * Somebody else's words: their direction is their own, and they are never HTML.
 * @param {keyof HTMLElementTagNameMap} tag
 * @param {string} className
 * @param {string} text
 */
export function words (tag, className, text) {
  return element(tag, { class: className, dir: 'auto' }, text)
}

/**
 * @param {string} label
 * @param {string} look
 * @param {() => void} press
 */
export function button (label, look, press) {
  const created = element('button', { type: 'button', class: look }, label)
  created.addEventListener('click', press)
  return created
}

/**
 * A button that shows a picture in place of its name.
 * @param {string} label
 * @param {keyof typeof ICONS} picture
 * @param {() => void} press
 */
export function iconButton (label, picture, press) {
  const created = button('', 'icon-button', press)
  created.setAttribute('aria-label', label)
  created.title = label
  created.append(icon(picture))
  return created
}

/** @param {keyof typeof ICONS} picture */
export function icon (picture) {
  const namespace = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(namespace, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  const shape = document.createElementNS(namespace, 'path')
  shape.setAttribute('d', ICONS[picture])
  svg.append(shape)
  return svg
}

const ICONS = {
  attach: 'M16.5 6.5v10a4.5 4.5 0 0 1-9 0V6a3 3 0 0 1 6 0v9.5a1.5 1.5 0 0 1-3 0V7H9v8.5a3 3 0 0 0 6 0V6a4.5 4.5 0 0 0-9 0' +
    'v10.5a6 6 0 0 0 12 0v-10Z',
  back: 'M15.4 5.4 14 4l-8 8 8 8 1.4-1.4L8.8 12Z',
  check: 'M9.5 17.6 4 12.1l1.4-1.4 4.1 4.1 9.1-9.1L20 7.1Z',
  close: 'm6.4 5 5.6 5.6L17.6 5 19 6.4 13.4 12l5.6 5.6-1.4 1.4-5.6-5.6L6.4 19 5 17.6l5.6-5.6L5 6.4Z',
  file: 'M6 2h8l5 5v15H6Zm7 1.5V8h4.5Z',
  lists: 'M3 5h3v3H3Zm6 .5h12v2H9ZM3 10.5h3v3H3Zm6 .5h12v2H9ZM3 16h3v3H3Zm6 .5h12v2H9Z',
  replies: 'M4 5h16a2 2 0 0 1 2 2v3a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V7c0-1.1.9-2 2-2Zm0 2v3h16V7Z' +
    'm0 7h7a2 2 0 0 1 2 2v1a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2v-1c0-1.1.9-2 2-2Zm0 2v1h7v-1Z',
  unknown: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20Zm0 2a8 8 0 1 1 0 16 8 8 0 0 1 0-16Zm-1 11h2v2h-2Zm0-8h2v6h-2Z'
}

/**
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} Type
 */
export function find (selector, Type) {
  const found = document.querySelector(selector)
  if (!(found instanceof Type)) throw new Error(`The page has no ${selector}`)
  return found
}
