import { element, icon, ICONS } from './elements.js'

/** Where the person writes: Enter sends, Shift+Enter begins a new line. */
export class Composer {
  #text = element('textarea', { id: 'message', rows: '1', dir: 'auto', placeholder: 'Type a message', enterkeyhint: 'send' })
  #send = element('button', { type: 'submit', class: 'send', 'aria-label': 'Send message', 'aria-disabled': 'true' }, icon(ICONS.send))
  #enabled = false
  node = element('form', { class: 'composer' },
    element('label', { class: 'unseen', for: 'message' }, 'Message'), this.#text, this.#send)

  /** @param {{ send: (text: string) => void, typing: () => void }} handlers */
  constructor ({ send, typing }) {
    const submit = () => {
      const text = this.#text.value.trim()
      if (!this.#enabled || text === '') return
      this.#text.value = ''
      this.#update()
      send(text)
    }
    this.node.addEventListener('submit', (event) => {
      event.preventDefault()
      submit()
      this.focus()
    })
    this.#text.addEventListener('keydown', (event) => {
      // An input method uses Enter to accept a candidate.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
      event.preventDefault()
      submit()
    })
    this.#text.addEventListener('input', () => {
      this.#update()
      if (this.#enabled && this.#text.value !== '') typing()
    })
  }

  /** Writing is always possible; sending only when there is a conversation to send to. */
  setEnabled (/** @type {boolean} */ enabled) {
    this.#enabled = enabled
    this.#update()
  }

  focus () {
    this.#text.focus()
  }

  clear () {
    this.#text.value = ''
    this.#update()
  }

  #update () {
    this.#send.setAttribute('aria-disabled', String(!this.#enabled || this.#text.value.trim() === ''))
  }
}
