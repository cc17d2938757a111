import { button, element } from '../shared/elements.js'

/** Asks before something that cannot be taken back. */
export class ConfirmationDialog {
  #heading = element('h3', { id: 'question' })
  #text = element('p', { id: 'consequence' })
  #actions = element('div', { class: 'actions' })
  #asked = element('div', {
    class: 'asked', role: 'alertdialog', 'aria-modal': 'true', 'aria-labelledby': 'question', 'aria-describedby': 'consequence'
  }, this.#heading, this.#text, this.#actions)

  node = element('div', { class: 'question', hidden: '' }, this.#asked)

  constructor () {
    this.#asked.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#actions.querySelector('button')?.click()
      else if (event.key === 'Tab') this.#keepFocus(event)
      else return
      event.stopPropagation()
    })
  }

  /**
   * @param {{ heading: string, text: string, yes: string }} words
   * @returns {Promise<boolean>}
   */
  ask ({ heading, text, yes }) {
    /** @type {PromiseWithResolvers<boolean>} */
    const { promise, resolve } = Promise.withResolvers()
    const settle = (/** @type {boolean} */ agreed) => () => {
      this.node.hidden = true
      resolve(agreed)
    }
    const cancel = button('Cancel', 'quiet', settle(false))
    this.#heading.textContent = heading
    this.#text.textContent = text
    this.#actions.replaceChildren(cancel, button(yes, 'primary', settle(true)))
    this.node.hidden = false
    cancel.focus()
    return promise
  }

  /** What was asked about is no more. */
  withdraw () {
    if (!this.node.hidden) this.#actions.querySelector('button')?.click()
  }

  /** @param {KeyboardEvent} event */
  #keepFocus (event) {
    const [first, last] = this.#actions.querySelectorAll('button')
    event.preventDefault()
    if (event.target === first) last?.focus()
    else first?.focus()
  }
}
