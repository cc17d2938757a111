import { button, element } from './elements.js'

/** @import { ReadyMessage } from './desk-api-types.js' */

const maxOptions = 20
const maxOptionCharacters = 80

/**
 * Each is done when it has been sent, and says itself why it could not be.
 * @typedef {object} ListActs
 * @property {() => Promise<ReadyMessage[]>} readyMessages
 * @property {(id: string) => Promise<boolean>} sendReady
 * @property {(text: string, options: string[], multipleSelection: boolean) => Promise<boolean>} sendList
 */

/** Where an agent sends a list or a form that lies ready, or writes a list of their own. */
export class ListEditor {
  #acts
  #question = element('input', { type: 'text', id: 'list-question', maxlength: '200' })
  #options = element('textarea', { id: 'list-options', rows: '3', 'aria-describedby': 'list-hint' })
  #several = element('input', { type: 'checkbox', id: 'list-several' })
  #hint = element('p', { class: 'hint', id: 'list-hint' })
  #ready = element('ul', { class: 'ready' })
  #sendButton = button('Send list', 'button quiet', () => this.#send())

  node = element('fieldset', { class: 'quick-replies lists', id: 'lists', hidden: '' },
    element('legend', {}, 'Lists and forms'),
    element('p', { class: 'hint' }, 'The guest chooses from a list, or fills in a form.'),
    this.#ready,
    element('div', { class: 'new-list' },
      element('label', { for: 'list-question' }, 'Question'), this.#question,
      element('label', { for: 'list-options' }, 'Options'), this.#options, this.#hint,
      element('label', { class: 'several' }, this.#several, element('span', {}, 'Several can be chosen')),
      this.#sendButton))

  /** @param {ListActs} acts */
  constructor (acts) {
    this.#acts = acts
    for (const field of [this.#question, this.#options]) field.addEventListener('input', () => this.#update())
    this.#question.addEventListener('keydown', event => {
      if (event.key !== 'Enter' || event.isComposing) return
      event.preventDefault()
      this.#options.focus()
    })
    this.#update()
  }

  /** @param {boolean} open */
  async open (open) {
    this.node.hidden = !open
    if (!open) return
    await this.#load()
    this.#ready.querySelector('button')?.focus()
  }

  #written () {
    return [...new Set(this.#options.value.split('\n').map(option => option.trim()).filter(Boolean))]
  }

  #update () {
    const options = this.#written()
    const tooLong = options.find(option => option.length > maxOptionCharacters)
    this.#hint.textContent = tooLong
      ? `“${tooLong.slice(0, 30)}…” is over ${maxOptionCharacters} characters.`
      : `One a line, ${maxOptions} at most.`
    this.#sendButton.disabled =
      this.#question.value.trim() === '' || options.length === 0 || options.length > maxOptions || tooLong !== undefined
  }

  async #send () {
    if (!await this.#acts.sendList(this.#question.value.trim(), this.#written(), this.#several.checked)) return
    this.#question.value = this.#options.value = ''
    this.#several.checked = false
    this.#update()
  }

  async #load () {
    const messages = await this.#acts.readyMessages().catch(() => [])
    this.#ready.replaceChildren(...messages.map(({ id, label, kind }) => {
      const what = kind === 'Form' ? 'Form' : 'List'
      return element('li', {}, button(`${what}: ${label}`, 'button quiet', () => { this.#acts.sendReady(id) }))
    }))
  }
}
