import { palette } from './colour.js'
import { Composer } from './composer.js'
import { ConversationLog } from './conversation-log.js'
import { button, element, icon, ICONS } from './elements.js'
import styles from './styles.js'

/** @import { ActionName, Notice } from './words.js' */

/**
 * @typedef {'signedOut' | 'connecting' | 'chat' | 'ended' | 'stopped'} Phase
 *
 * @typedef {object} ViewState
 * @property {Phase} phase
 * @property {Notice | undefined} notice
 * @property {string} identity Empty when nobody is signed in.
 * @property {string} typing Who is typing, or empty.
 * @property {boolean} earlier There are older messages to load.
 *
 * @typedef {object} Handlers
 * @property {(open: boolean) => void} toggle
 * @property {(text: string) => void} send
 * @property {() => void} typing
 * @property {(key: string, text: string) => void} retry
 * @property {(name: ActionName) => void} act
 */

/** Launcher button and chat window, shielded from the host page's styles by a shadow root. */
export class MessengerWindow extends HTMLElement {
  #handlers
  #open = false
  #atEnd = true
  /** @type {Phase | undefined} */
  #phase

  #launcher = element('button', { type: 'button', class: 'launcher', 'aria-expanded': 'false', 'aria-controls': 'panel', 'aria-describedby': 'unread', hidden: '' })
  #unread = element('span', { class: 'badge', 'aria-hidden': 'true', hidden: '' })
  #unreadWords = element('span', { class: 'unseen', id: 'unread' })
  #identity = element('div', { class: 'identity' })
  #earlier
  #greeting = element('div', { class: 'greeting' }, element('h3', {}, 'How can we help?'), element('p', {}, 'Send us a message to start the conversation.'))
  #typing = element('div', { class: 'typing', role: 'status' })
  #connecting = element('div', { class: 'card', role: 'status' }, element('div', { class: 'spinner' }), element('p', {}, 'Connecting…'))
  #signedOut
  #scroller
  #alert = element('div', { class: 'alert', role: 'alert' })
  #status = element('div', { class: 'status', role: 'status' })
  #ended
  #composer
  #panel
  log

  /**
   * @param {string | undefined} primaryColor
   * @param {Handlers} handlers
   */
  constructor (primaryColor, handlers) {
    super()
    this.#handlers = handlers
    this.log = new ConversationLog(handlers.retry)
    this.#composer = new Composer(handlers)
    this.#earlier = button('Load earlier messages', 'quiet earlier', () => handlers.act('history'))
    this.#scroller = element('div', { class: 'scroller', tabindex: '0', role: 'region', 'aria-label': 'Messages' },
      this.#earlier, this.#greeting, this.log.node, this.#typing)
    this.#scroller.addEventListener('scroll', () => {
      const { scrollHeight, scrollTop, clientHeight } = this.#scroller
      this.#atEnd = scrollHeight - scrollTop - clientHeight < 80
    })
    // A notice, a growing composer or a turned phone must not hide what was said last.
    new ResizeObserver(() => { if (this.#atEnd) this.scrollToEnd() }).observe(this.#scroller)
    this.#signedOut = element('div', { class: 'card' },
      element('div', { class: 'disc' }, icon(ICONS.lock)),
      element('h3', {}, 'Sign in to chat with us'),
      element('p', {}, 'Then we know who you are, and you find your conversation where you left it.'),
      button('Sign in', 'primary', () => handlers.act('signIn')))
    this.#ended = element('div', { class: 'ended' },
      element('p', {}, 'This conversation has ended.'),
      button('Start new chat', 'primary', () => handlers.act('newChat')))
    this.#panel = element('section', { class: 'panel', id: 'panel', role: 'dialog', 'aria-label': 'Messenger', hidden: '' },
      this.#header(),
      element('div', { class: 'body' }, this.#scroller, this.#connecting, this.#signedOut),
      element('div', { class: 'footer' }, this.#alert, this.#status, this.#ended, this.#composer.node))
    this.#panel.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.isComposing) handlers.toggle(false)
    })
    this.#launcher.append(icon(ICONS.chat), this.#unread)
    this.#launcher.addEventListener('click', () => handlers.toggle(!this.#open))

    const root = this.attachShadow({ mode: 'open' })
    root.adoptedStyleSheets = [styles, colours(primaryColor)]
    root.append(this.#panel, this.#launcher, this.#unreadWords)
    this.#label()
  }

  showLauncher (/** @type {boolean} */ visible) {
    this.#launcher.hidden = !visible
  }

  /**
   * @param {boolean} open
   * @param {{ focus: boolean }} options Without focus when the window was open before a reload.
   */
  setOpen (open, { focus }) {
    this.#open = open
    this.#panel.hidden = !open
    this.#label()
    if (open) this.scrollToEnd()
    if (focus && open) this.#focusInside()
    if (focus && !open) this.#launcher.focus()
  }

  /** @param {number} count */
  showUnread (count) {
    this.#unread.hidden = count === 0
    this.#unread.textContent = count > 9 ? '9+' : String(count)
    this.#unreadWords.textContent = count === 0 ? '' : `${count} unread ${count === 1 ? 'message' : 'messages'}`
  }

  /** @param {ViewState} state */
  render ({ phase, notice, identity, typing, earlier }) {
    const conversing = phase === 'chat' || phase === 'ended' || phase === 'stopped'
    const hadFocus = this.shadowRoot?.activeElement
    this.#identity.replaceChildren(...(identity ? [icon(ICONS.check), element('span', { dir: 'auto' }, identity)] : []))
    this.#connecting.hidden = phase !== 'connecting'
    this.#signedOut.hidden = phase !== 'signedOut'
    this.#scroller.hidden = !conversing
    this.#earlier.hidden = !earlier
    this.#greeting.hidden = !this.log.empty || phase !== 'chat'
    this.#ended.hidden = phase !== 'ended'
    this.#composer.node.hidden = phase !== 'chat' && phase !== 'connecting'
    this.#composer.setEnabled(phase === 'chat')
    this.#renderTyping(typing)
    this.#renderNotice(notice)
    if (phase !== this.#phase && hadFocus && this.#panel.contains(hadFocus) && !hadFocus.checkVisibility()) this.#focusInside()
    this.#phase = phase
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
  }

  clearDraft () {
    this.#composer.clear()
  }

  #header () {
    const minimize = element('button', { type: 'button', class: 'round', 'aria-label': 'Minimize chat' }, icon(ICONS.down))
    minimize.addEventListener('click', () => this.#handlers.toggle(false))
    return element('div', { class: 'header' },
      element('div', { class: 'titles' }, element('h2', {}, 'Chat with us'), this.#identity), minimize)
  }

  #label () {
    this.#launcher.setAttribute('aria-expanded', String(this.#open))
    this.#launcher.setAttribute('aria-label', this.#open ? 'Close messenger' : 'Open messenger')
    this.#launcher.firstElementChild?.replaceWith(icon(this.#open ? ICONS.down : ICONS.chat))
  }

  #focusInside () {
    if (this.#composer.node.hidden) {
      const visible = [...this.#panel.querySelectorAll('button')].filter((candidate) => candidate.checkVisibility())
      visible.at(-1)?.focus()
    } else {
      this.#composer.focus()
    }
  }

  /** @param {string} typing */
  #renderTyping (typing) {
    if (this.#typing.textContent === (typing && `${typing} is typing`)) return
    const dots = element('span', { class: 'dots', 'aria-hidden': 'true' }, element('i'), element('i'), element('i'))
    this.keepingPlace(() => this.#typing.replaceChildren(...(typing ? [dots, element('span', { dir: 'auto' }, `${typing} is typing`)] : [])))
  }

  /** @param {Notice | undefined} notice */
  #renderNotice (notice) {
    const actions = notice?.actions.map(({ label, name }) => button(label, 'quiet', () => this.#handlers.act(name))) ?? []
    const shown = notice ? [element('div', { class: 'notice' }, element('span', {}, notice.text), ...actions)] : []
    for (const [place, urgent] of /** @type {const} */ ([[this.#alert, true], [this.#status, false]])) {
      const wanted = notice?.urgent === urgent ? shown : []
      // Redrawing the same words would have them read out again.
      if (place.textContent !== wanted.map(({ textContent }) => textContent).join('')) place.replaceChildren(...wanted)
    }
  }
}

/** @param {string | undefined} primaryColor */
function colours (primaryColor) {
  const { primary, onPrimary } = palette(primaryColor)
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(':host {}')
  const rule = /** @type {CSSStyleRule} */ (sheet.cssRules[0])
  rule.style.setProperty('--primary', primary)
  rule.style.setProperty('--on-primary', onPrimary)
  return sheet
}
