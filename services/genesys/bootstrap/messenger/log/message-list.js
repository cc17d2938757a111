import { button, element, icon, ICONS } from '../shared/elements.js'
import { ConversationLog } from './conversation-log.js'
import { SuggestedReplies } from './suggested-replies.js'

/** @import { Choice } from '../shared/content-parts.js' */
/** @import { EntryHandlers } from './entry-view.js' */

/** The log with what stands around it, scrolled to where the reader is. */
export class MessageList {
  #atEnd = true
  #lastTop = 0
  #unseen = 0
  #earlier
  #greeting = element('div', { class: 'greeting' },
    element('h3', {}, 'How can we help?'), element('p', {}, 'Send us a message to start the conversation.'))

  #typing = element('div', { class: 'typing', role: 'status' })
  #replies
  #scroller
  #jump
  log

  node

  /**
   * @param {EntryHandlers} handlers
   * @param {() => void} showEarlier
   */
  constructor (handlers, showEarlier) {
    this.log = new ConversationLog(handlers)
    this.#replies = new SuggestedReplies((/** @type {Choice} */ choice) => handlers.choose(choice))
    this.#earlier = button('Load earlier messages', 'quiet earlier', showEarlier)
    this.#jump = button('', 'jump', () => {
      this.scrollToEnd()
      this.focus()
    })
    this.#scroller = element('div', { class: 'scroller', tabindex: '0', role: 'region', 'aria-label': 'Messages' },
      this.#earlier, this.#greeting, this.log.node, this.#replies.node, this.#typing)
    this.#scroller.addEventListener('scroll', () => this.#scrolled())
    // A notice, a growing composer, a late image or a turned phone must not hide what was said last.
    const resized = new ResizeObserver(() => { if (this.#atEnd) this.scrollToEnd() })
    resized.observe(this.#scroller)
    resized.observe(this.log.node)
    this.node = element('div', { class: 'messages' }, this.#scroller, this.#jump)
    this.#renderJump()
  }

  /**
   * @param {object} state
   * @param {boolean} state.earlier There are older messages to load.
   * @param {boolean} state.open The person can write.
   * @param {string} state.typing
   */
  render ({ earlier, open, typing }) {
    this.#earlier.hidden = !earlier
    this.#greeting.hidden = !this.log.empty || !open
    this.#renderTyping(typing)
    this.keepingPlace(() => this.#replies.render(open ? this.log.last : undefined))
  }

  focus () {
    this.#scroller.focus({ preventScroll: true })
  }

  showRepliesAgain () {
    this.#replies.showAgain()
  }

  /** @param {number} count Messages that have just come from the other side. */
  announce (count) {
    if (this.#atEnd) return
    this.#unseen += count
    this.#renderJump()
  }

  /** Runs a change of the log and keeps the reader at the end, if that is where they were. */
  keepingPlace (/** @type {() => void} */ change) {
    const scroller = this.#scroller
    const height = scroller.scrollHeight
    const wasAtEnd = this.#atEnd
    change()
    if (wasAtEnd) this.scrollToEnd()
    else if (scroller.scrollTop < 40) scroller.scrollTop += scroller.scrollHeight - height
  }

  scrollToEnd () {
    this.#atEnd = true
    this.#scroller.scrollTop = this.#scroller.scrollHeight
    this.#renderJump()
  }

  #scrolled () {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller
    // What grows meanwhile, such as an image that arrives, takes nobody from the end; scrolling up does.
    if (scrollHeight - scrollTop - clientHeight < 80) this.#atEnd = true
    else if (scrollTop < this.#lastTop) this.#atEnd = false
    this.#lastTop = scrollTop
    this.#renderJump()
  }

  #renderJump () {
    if (this.#atEnd) this.#unseen = 0
    this.#jump.hidden = this.#atEnd
    const label = this.#unseen === 0 ? 'Jump to latest' : `${this.#unseen} new ${this.#unseen === 1 ? 'message' : 'messages'}`
    if (this.#jump.textContent !== label) this.#jump.replaceChildren(icon(ICONS.down), element('bdi', {}, label))
  }

  /** @param {string} typing */
  #renderTyping (typing) {
    if (this.#typing.textContent === (typing && `${typing} is typing`)) return
    const dots = element('span', { class: 'dots', 'aria-hidden': 'true' }, element('i'), element('i'), element('i'))
    this.keepingPlace(() => this.#typing.replaceChildren(...(typing ? [dots, element('span', { dir: 'auto' }, `${typing} is typing`)] : [])))
  }
}
