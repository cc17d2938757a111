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
 * @param {string} label
 * @param {string} look
 * @param {string} path
 * @param {() => void} press
 */
export function iconButton (label, look, path, press) {
  const created = element('button', { type: 'button', class: look, 'aria-label': label, title: label }, icon(path))
  created.addEventListener('click', press)
  return created
}

/**
 * A link that opens elsewhere and takes nothing of this page along.
 * @param {string} url
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 */
export function externalLink (url, attributes, ...children) {
  return element('a', { href: url, target: '_blank', rel: 'noopener noreferrer', ...attributes }, ...children)
}

/**
 * Terms, each with what is said of it.
 * @param {[string, string][]} pairs
 */
export function pairs (pairs) {
  return element('dl', {}, ...pairs.map(([term, description]) => element('div', {},
    element('dt', { dir: 'auto' }, term), element('dd', { dir: 'auto' }, description))))
}

/** @param {string} path */
export function icon (path) {
  const namespace = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(namespace, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  const shape = document.createElementNS(namespace, 'path')
  shape.setAttribute('d', path)
  svg.append(shape)
  return svg
}

export const ICONS = {
  chat: 'M12 3C6.5 3 2 6.8 2 11.5c0 2.6 1.4 4.9 3.6 6.5-.1 1-.5 2.2-1.4 3.2-.2.3 0 .7.4.7 2 0 3.8-.8 5-1.7.8.2 1.6.3 2.4.3 5.5 0 10-3.8 10-8.5S17.5 3 12 3Z',
  down: 'M5.7 8.3 12 14.6l6.3-6.3 1.4 1.4L12 17.4 4.3 9.7Z',
  start: 'M15.7 5.7 9.4 12l6.3 6.3-1.4 1.4L6.6 12l7.7-7.7Z',
  end: 'M8.3 5.7 14.6 12l-6.3 6.3 1.4 1.4 7.7-7.7-7.7-7.7Z',
  send: 'M3.4 20.4 21 12.7c.6-.3.6-1.1 0-1.4L3.4 3.6c-.6-.3-1.2.3-1 .9L4.6 11l8.4 1-8.4 1-2.2 6.5c-.2.6.4 1.2 1 .9Z',
  attach: 'M16.5 6.2v10.6a4.5 4.5 0 0 1-9 0V5.5a3 3 0 0 1 6 0v10a1.5 1.5 0 0 1-3 0V6.2H9v9.3a3 3 0 0 0 6 0v-10a4.5 4.5 0 0 0-9 0v11.3a6 6 0 0 0 12 0V6.2Z',
  file: 'M6 2a2 2 0 0 0-2 2v16c0 1.1.9 2 2 2h12a2 2 0 0 0 2-2V8l-6-6Zm7 7V3.5L18.5 9Z',
  remove: 'M6.4 5 12 10.6 17.6 5 19 6.4 13.4 12l5.6 5.6-1.4 1.4-5.6-5.6L6.4 19 5 17.6l5.6-5.6L5 6.4Z',
  more: 'M12 7a2 2 0 1 0 0-4 2 2 0 0 0 0 4Zm0 7a2 2 0 1 0 0-4 2 2 0 0 0 0 4Zm0 7a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z',
  problem: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20Zm-1.1 5h2.2v6.6h-2.2Zm0 8.2h2.2v2.2h-2.2Z',
  lock: 'M12 2a5 5 0 0 0-5 5v2H6a2 2 0 0 0-2 2v9a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-9a2 2 0 0 0-2-2h-1V7a5 5 0 0 0-5-5Zm-3 7V7a3 3 0 1 1 6 0v2H9Zm3 4a1.5 1.5 0 0 1 1 2.6V18h-2v-2.4a1.5 1.5 0 0 1 1-2.6Z',
  check: 'M9.5 17.6 4 12.1l1.4-1.4 4.1 4.1 9.1-9.1L20 7.1Z'
}
