import { button, element, iconButton } from './elements.js'

/** @import { QuickReply } from './desk-api-types.js' */

const maxReplies = 10

/** Where an agent writes the buttons that go under the next message. */
export class QuickReplyEditor {
  #changed
  /** @type {QuickReply[]} */
  #replies = []
  #text = element('input', { type: 'text', id: 'quick-reply-text', maxlength: '80' })
  #payload = element('input', { type: 'text', id: 'quick-reply-payload', maxlength: '200', placeholder: 'as the text' })
  #chips = element('ul', { class: 'offered', 'aria-label': 'Buttons under your message' })
  #addButton = button('Add', 'button quiet', () => this.#add())

  node = element('fieldset', { class: 'quick-replies', id: 'quick-replies', hidden: '' },
    element('legend', {}, 'Quick replies'),
    element('p', { class: 'hint' }, 'Buttons under your next message. The guest answers by choosing one.'),
    this.#chips,
    element('div', { class: 'new-reply' },
      element('label', {}, element('span', {}, 'Button text'), this.#text),
      element('label', {}, element('span', {}, 'Payload'), this.#payload),
      this.#addButton))

  /** @param {() => void} changed */
  constructor (changed) {
    this.#changed = changed
    for (const input of [this.#text, this.#payload]) {
      input.addEventListener('keydown', event => {
        if (event.key !== 'Enter' || event.isComposing) return
        event.preventDefault()
        this.#add()
      })
    }
  }

  /** Text that was written and not added counts too: who presses Send means it. */
  take () {
    if (this.#text.value.trim() !== '') this.#add()
    return this.#replies
  }

  get count () {
    return this.#replies.length
  }

  /** @param {QuickReply[]} replies */
  set (replies) {
    this.#replies = replies
    this.#text.value = this.#payload.value = ''
    this.#show()
  }

  /** @param {boolean} open */
  open (open) {
    this.node.hidden = !open
    if (open) this.#text.focus()
  }

  #add () {
    const payload = this.#payload.value.trim()
    const reply = { text: this.#text.value.trim(), ...payload && { payload } }
    this.#text.focus()
    if (reply.text === '' || this.#replies.length >= maxReplies) return
    this.set([...this.#replies, reply])
  }

  #show () {
    this.#addButton.disabled = this.#replies.length >= maxReplies
    this.#chips.replaceChildren(...this.#replies.map(reply => element('li', { class: 'offer' },
      element('bdi', {}, reply.text),
      iconButton(`Remove ${reply.text}`, 'close', () => {
        this.#replies = this.#replies.filter(other => other !== reply)
        this.#text.focus()
        this.#show()
      }))))
    this.#changed()
  }
}
