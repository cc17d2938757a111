import { webAddress } from '../shared/content-parts.js'
import { button, element, iconButton, ICONS } from '../shared/elements.js'

/**
 * @typedef {object} Page
 * @property {string} title
 * @property {string | undefined} [subtitle]
 * @property {string | undefined} [imageUrl]
 * @property {string} next What the button says that leads on.
 * @property {() => Node[]} draw Run each time the page is shown; what was filled in before stands there again.
 * @property {() => boolean} [check] False where something is missing or wrong, which it shows then.
 */

/** Pages that lie over the conversation, to choose or to fill in something, one after the other. */
export class Questionnaire {
  #heading = element('h3', { id: 'page-title', tabindex: '-1', dir: 'auto' })
  #subtitle = element('p', { dir: 'auto' })
  #step = element('p', { class: 'size', id: 'page-step' })
  #picture = element('div', { class: 'page-picture' })
  #fields = element('div', { class: 'fields' })
  #back = button('Back', 'quiet', () => this.#show(this.#current - 1))
  #next = element('button', { type: 'submit', class: 'primary', dir: 'auto' })
  /** @type {Page[]} */
  #pages = []
  #current = 0
  #finish = () => {}
  #cancel = () => {}
  #behind
  node

  /** @param {HTMLElement[]} behind What cannot be reached meanwhile. */
  constructor (behind) {
    this.#behind = behind
    const form = element('form', { class: 'page', novalidate: '' },
      element('div', { class: 'page-body', tabindex: '-1' }, this.#picture, this.#heading, this.#subtitle, this.#fields),
      element('div', { class: 'actions' }, this.#step, this.#back, this.#next))
    this.node = element('div', {
      class: 'questionnaire', role: 'dialog', 'aria-modal': 'true', 'aria-labelledby': 'page-title', 'aria-describedby': 'page-step', hidden: ''
    }, iconButton('Close without sending', 'round close', ICONS.remove, () => this.withdraw()), form)
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      this.#goOn()
    })
    this.node.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || event.isComposing) return
      event.stopPropagation()
      this.withdraw()
    })
  }

  /**
   * @param {Page[]} pages
   * @param {object} handlers
   * @param {() => void} handlers.finish All pages are filled in.
   * @param {() => void} handlers.cancel It was closed before.
   */
  open (pages, { finish, cancel }) {
    this.#pages = pages
    this.#finish = finish
    this.#cancel = cancel
    this.#set(true)
    this.#show(0)
  }

  /** What it is about cannot be answered any more, or is not to be. */
  withdraw () {
    if (this.node.hidden) return
    this.#set(false)
    this.#cancel()
  }

  #goOn () {
    const page = this.#pages[this.#current]
    if (page?.check?.() === false) return
    if (this.#current < this.#pages.length - 1) return this.#show(this.#current + 1)
    this.#set(false)
    this.#finish()
  }

  /** @param {boolean} open */
  #set (open) {
    this.node.hidden = !open
    for (const part of this.#behind) part.inert = open
    if (!open) this.#fields.replaceChildren()
  }

  /** @param {number} index */
  #show (index) {
    const page = this.#pages[index]
    if (!page) return
    this.#current = index
    const address = webAddress(page.imageUrl)
    this.#picture.replaceChildren(...(address ? [element('img', { src: address, alt: '', referrerpolicy: 'no-referrer' })] : []))
    this.#heading.textContent = page.title
    this.#subtitle.textContent = page.subtitle ?? ''
    this.#subtitle.hidden = !page.subtitle
    this.#fields.replaceChildren(...page.draw())
    this.#back.hidden = index === 0
    this.#next.textContent = page.next
    this.#step.textContent = this.#pages.length > 1 ? `Page ${index + 1} of ${this.#pages.length}` : ''
    this.#heading.focus()
    this.#heading.parentElement?.scrollTo(0, 0)
  }
}
