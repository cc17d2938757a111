import { RefusedError } from './api.js'
import { element, iconButton } from './elements.js'
import { ListEditor } from './list-editor.js'
import { QuickReplyEditor } from './quick-reply-editor.js'

/** @import { QuickReply, ReadyMessage } from './desk-api-types.js' */
/** @typedef {{ text: string, quickReplies: QuickReply[] }} Draft */

/**
 * @typedef {object} ComposerActs
 * @property {(text: string, quickReplies: QuickReply[]) => Promise<void>} say
 * @property {(on: boolean) => Promise<void>} showTyping
 * @property {(file: File) => Promise<void>} attach
 * @property {() => Promise<ReadyMessage[]>} readyMessages
 * @property {(id: string) => Promise<void>} sendReady
 * @property {(text: string, options: string[], multipleSelection: boolean) => Promise<void>} sendList
 */

// Throttle: while somebody types, so often at most it is said.
const typingIntervalMs = 4_000

/** Where the agent writes. What was typed stays until it has been sent. */
export class ReplyComposer {
  #acts
  #writable = false
  #busy = false
  #lastTyping = 0

  #reply = element('textarea', {
    id: 'reply', rows: '1', maxlength: '4096', placeholder: 'Write a reply', dir: 'auto', 'aria-describedby': 'composer-hint'
  })

  #quickReplies = new QuickReplyEditor(() => this.#update())
  #file = element('input', { type: 'file', class: 'visually-hidden', tabindex: '-1', 'aria-hidden': 'true' })
  #attachButton = iconButton('Attach a file', 'attach', () => this.#file.click())
  #repliesButton = iconButton('Quick replies', 'replies', () => this.#openReplies(!isExpanded(this.#repliesButton)))
  #lists
  #listsButton = iconButton('Lists and forms', 'lists', () => this.#openLists(!isExpanded(this.#listsButton)))
  #sendButton = element('button', { type: 'submit', class: 'button' }, 'Send')
  #problem = element('p', { class: 'problem', role: 'alert' })
  #progress = element('p', { class: 'progress', role: 'status' })

  /** @param {ComposerActs} acts */
  constructor (acts) {
    this.#acts = acts
    this.#lists = new ListEditor({
      readyMessages: acts.readyMessages,
      sendReady: id => this.#offer(() => acts.sendReady(id)),
      sendList: (text, options, multipleSelection) => this.#offer(() => acts.sendList(text, options, multipleSelection))
    })
    this.#repliesButton.setAttribute('aria-controls', 'quick-replies')
    this.#listsButton.setAttribute('aria-controls', 'lists')

    this.node = element('form', { class: 'composer' },
      this.#quickReplies.node,
      this.#lists.node,
      this.#problem,
      this.#progress,
      element('div', { class: 'row' },
        this.#attachButton, this.#file, this.#repliesButton, this.#listsButton,
        element('label', { class: 'visually-hidden', for: 'reply' }, 'Reply'), this.#reply,
        this.#sendButton),
      element('p', { class: 'hint', id: 'composer-hint' }, 'Enter sends, Shift and Enter starts a new line'))

    this.node.addEventListener('submit', event => {
      event.preventDefault()
      this.#send()
    })
    this.#reply.addEventListener('keydown', event => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
      event.preventDefault()
      this.#send()
    })
    this.#reply.addEventListener('input', () => {
      this.#update()
      this.#showTyping()
    })
    this.#file.addEventListener('change', () => this.#attach())
    this.#openReplies(false)
    this.#openLists(false)
  }

  /** @param {boolean} writable */
  setWritable (writable) {
    this.#writable = writable
    this.#update()
  }

  /** @returns {Draft} */
  draft () {
    return { text: this.#reply.value, quickReplies: this.#quickReplies.take() }
  }

  /** @param {Draft} draft */
  restore ({ text, quickReplies }) {
    this.#reply.value = text
    this.#quickReplies.set(quickReplies)
    this.#update()
  }

  isEmpty () {
    return this.#reply.value.trim() === '' && this.#quickReplies.count === 0
  }

  focus () {
    this.#reply.focus()
  }

  /** @param {boolean} open */
  #openReplies (open) {
    this.#repliesButton.setAttribute('aria-expanded', String(open))
    this.#quickReplies.open(open)
    if (open) this.#openLists(false)
    else this.#reply.focus()
  }

  /** @param {boolean} open */
  #openLists (open) {
    this.#listsButton.setAttribute('aria-expanded', String(open))
    if (open && isExpanded(this.#repliesButton)) this.#openReplies(false)
    this.#lists.open(open)
  }

  #update () {
    this.#sendButton.disabled = !this.#writable || this.#busy || this.#reply.value.trim() === ''
    for (const button of [this.#attachButton, this.#repliesButton, this.#listsButton]) button.disabled = !this.#writable
    this.#reply.readOnly = !this.#writable
    if (this.#quickReplies.count > 0) this.#repliesButton.dataset['count'] = String(this.#quickReplies.count)
    else delete this.#repliesButton.dataset['count']
  }

  #showTyping () {
    const on = this.#reply.value.trim() !== ''
    const now = Date.now()
    const isKnown = on ? now - this.#lastTyping < typingIntervalMs : this.#lastTyping === 0
    if (!this.#writable || isKnown) return
    this.#lastTyping = on ? now : 0
    // A hint, which may get lost.
    this.#acts.showTyping(on).catch(() => {})
  }

  async #send () {
    const text = this.#reply.value
    if (!this.#writable || this.#busy || text.trim() === '') return
    const replies = this.#quickReplies.take()
    await this.#attempt('Not sent', async () => {
      await this.#acts.say(text.trim(), replies)
      if (this.#reply.value === text) this.#reply.value = ''
      this.#quickReplies.set([])
      if (isExpanded(this.#repliesButton)) this.#openReplies(false)
      this.#lastTyping = 0
    })
  }

  async #attach () {
    const [chosen] = this.#file.files ?? []
    if (!chosen) return
    this.#progress.textContent = `Sending ${chosen.name}…`
    await this.#attempt(`${chosen.name} was not sent`, () => this.#acts.attach(chosen))
    this.#progress.textContent = ''
    this.#file.value = ''
  }

  /**
   * @param {() => Promise<void>} act
   * @returns {Promise<boolean>} Whether it was sent.
   */
  async #offer (act) {
    if (!this.#writable || this.#busy) return false
    await this.#attempt('Not sent', act)
    const sent = this.#problem.textContent === ''
    if (sent) {
      this.#openLists(false)
      this.#reply.focus()
    }
    return sent
  }

  /**
   * @param {string} what
   * @param {() => Promise<void>} act
   */
  async #attempt (what, act) {
    this.#busy = true
    this.#problem.textContent = ''
    this.#update()
    try {
      await act()
    } catch (error) {
      this.#problem.textContent = `${what}: ${error instanceof RefusedError ? error.message : 'something went wrong.'}`
    } finally {
      this.#busy = false
      this.#update()
    }
  }
}

/** @param {HTMLElement} button */
const isExpanded = button => button.getAttribute('aria-expanded') === 'true'
