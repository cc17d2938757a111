import { button, element, icon, iconButton, ICONS } from '../shared/elements.js'

/** @import { WindowTitle } from './window-title.js' */

/** Title, the person's name, and what can be done with the conversation as a whole. */
export class Header {
  #title = element('h2')
  #identity = element('div', { class: 'identity' })
  #more
  #menu
  node

  /**
   * @param {WindowTitle} title
   * @param {object} handlers
   * @param {() => void} handlers.minimize
   * @param {() => void} handlers.clear
   */
  constructor (title, { minimize, clear }) {
    this.#more = iconButton('More options', 'round', ICONS.more, () => this.#setOpen(Boolean(this.#menu.hidden)))
    this.#more.setAttribute('aria-controls', 'menu')
    this.#menu = element('div', { class: 'menu', id: 'menu', hidden: '' }, button('Clear conversation', '', () => {
      this.#setOpen(false)
      clear()
    }))
    this.#setOpen(false)
    const options = element('div', { class: 'options' }, this.#more, this.#menu)
    options.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || this.#menu.hidden) return
      event.stopPropagation()
      this.#setOpen(false)
      this.focusMenu()
    })
    options.addEventListener('focusout', ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node && options.contains(relatedTarget))) this.#setOpen(false)
    })
    this.node = element('div', { class: 'header' },
      element('div', { class: 'titles' }, this.#title, this.#identity),
      options, iconButton('Minimize chat', 'round', ICONS.down, minimize))
    this.setTitle(title)
  }

  /** @param {WindowTitle} title */
  setTitle ({ text, language }) {
    this.#title.textContent = text
    this.#title.lang = language
  }

  /**
   * @param {string} identity
   * @param {boolean} canClear
   */
  render (identity, canClear) {
    if (this.#identity.textContent !== identity) {
      const name = element('span', { dir: 'auto', title: identity }, identity)
      this.#identity.replaceChildren(...(identity ? [icon(ICONS.check), name] : []))
    }
    this.#more.hidden = !canClear
    if (!canClear) this.#setOpen(false)
  }

  focusMenu () {
    this.#more.focus()
  }

  /** @param {boolean} open */
  #setOpen (open) {
    this.#menu.hidden = !open
    this.#more.setAttribute('aria-expanded', String(open))
    if (open) this.#menu.querySelector('button')?.focus()
  }
}
