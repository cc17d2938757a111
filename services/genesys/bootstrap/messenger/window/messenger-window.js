import { Composer } from '../composer/composer.js'
import { MessageList } from '../log/message-list.js'
import { Questionnaire } from '../questionnaire/questionnaire.js'
import { button, element, icon, ICONS } from '../shared/elements.js'
import { palette } from '../shared/palette.js'
import { ConfirmationDialog } from './confirmation-dialog.js'
import { keepFocus } from './focus-rescue.js'
import { Header } from './header.js'
import { LauncherButton } from './launcher-button.js'
import { NoticeBoard } from './notice-board.js'
import { SignInBar } from './sign-in-bar.js'
import { followVisualViewport } from './visual-viewport.js'
import styles from './window-styles.js'

/** @import { ComposerHandlers, Media } from '../composer/composer.js' */
/** @import { EntryHandlers } from '../log/entry-view.js' */
/** @import { ActionName, Notice } from './notice-texts.js' */
/** @import { WindowTitle } from './window-title.js' */

/**
 * @typedef {'signedOut' | 'connecting' | 'chat' | 'ended' | 'stopped'} Phase
 *
 * @typedef {object} ViewState
 * @property {Phase} phase
 * @property {Notice[]} notices
 * @property {string} identity Empty when nobody is signed in.
 * @property {string} typing Who is typing, or empty.
 * @property {boolean} earlier There are older messages to load.
 * @property {boolean} canClear
 * @property {'none' | 'available' | 'underWay'} signIn Whether somebody without a name can sign in.
 * @property {Media | undefined} media
 *
 * @typedef {ComposerHandlers & EntryHandlers & {
 *   removed: () => void,
 *   toggle: (open: boolean) => void,
 *   act: (name: ActionName) => void
 * }} Handlers
 */

/** Launcher button and chat window, shielded from the host page's styles by a shadow root. */
export class MessengerWindow extends HTMLElement {
  #handlers
  #open = false

  #connecting = element('div', { class: 'screen', role: 'status' }, element('div', { class: 'spinner' }), element('p', {}, 'Connecting…'))
  #signedOut
  #ended
  #launcher
  #header
  #signInBar
  #notices
  #confirmation = new ConfirmationDialog()
  #panel
  composer
  messages
  questionnaire

  /**
   * @param {WindowTitle} title
   * @param {string | undefined} primaryColor
   * @param {Handlers} handlers
   */
  constructor (title, primaryColor, handlers) {
    super()
    this.#handlers = handlers
    this.#launcher = new LauncherButton(() => handlers.toggle(!this.#open))
    this.#header = new Header(title, { minimize: () => handlers.toggle(false), clear: () => this.#askToClear() })
    this.#signInBar = new SignInBar(() => handlers.act('stepUp'))
    this.#notices = new NoticeBoard(handlers.act)
    this.messages = new MessageList(handlers, () => handlers.act('history'))
    this.composer = new Composer(handlers)
    this.#signedOut = element('div', { class: 'screen' },
      element('div', { class: 'disc' }, icon(ICONS.lock)),
      element('h3', {}, 'Sign in to chat with us'),
      element('p', {}, 'Then we know who you are, and you need not tell us.'),
      button('Sign in', 'primary', () => handlers.act('signIn')))
    this.#ended = element('div', { class: 'ended' },
      element('p', {}, 'This conversation has ended.'),
      button('Start new chat', 'primary', () => handlers.act('newChat')))
    const body = element('div', { class: 'body' }, this.messages.node, this.#connecting, this.#signedOut)
    const footer = element('div', { class: 'footer' }, ...this.#notices.nodes, this.#ended, this.composer.node)
    this.questionnaire = new Questionnaire([this.#header.node, this.#signInBar.node, body, footer])
    this.#panel = element('section', { class: 'panel', id: 'panel', role: 'dialog', 'aria-label': 'Messenger', hidden: '' },
      this.#header.node,
      this.#signInBar.node,
      body,
      footer,
      element('div', { class: 'drop', 'aria-hidden': 'true' }, icon(ICONS.attach), 'Drop files to attach them'),
      this.questionnaire.node,
      this.#confirmation.node)
    this.#panel.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.isComposing) handlers.toggle(false)
    })
    this.#receiveDrops()
    // Who has chosen an answer reads on there; everybody else writes.
    keepFocus(this.messages.node, () => this.messages.focus())
    keepFocus(this.#panel, () => this.#focusInside())

    const root = this.attachShadow({ mode: 'open' })
    root.adoptedStyleSheets = [...styles, colours(primaryColor)]
    root.append(this.#panel, ...this.#launcher.nodes)
    followVisualViewport(this.#panel)
  }

  disconnectedCallback () {
    this.#handlers.removed()
  }

  setTitle (/** @type {WindowTitle} */ title) {
    this.#header.setTitle(title)
  }

  showLauncher (/** @type {boolean} */ visible) {
    this.#launcher.show(visible)
  }

  /** @param {number} count */
  showUnread (count) {
    this.#launcher.showUnread(count)
  }

  /**
   * @param {boolean} open
   * @param {{ focus: boolean }} options Without focus when the window was open before a reload.
   */
  setOpen (open, { focus }) {
    this.#open = open
    if (!open) this.questionnaire.withdraw()
    this.#panel.hidden = !open
    this.#launcher.setOpen(open)
    if (open) this.messages.scrollToEnd()
    if (focus && open) this.#focusInside()
    if (focus && !open) this.#launcher.focus()
  }

  /** @param {ViewState} state */
  render ({ phase, notices, identity, typing, earlier, canClear, signIn, media }) {
    this.#header.render(identity, canClear && phase === 'chat')
    this.#signInBar.render(phase === 'chat' ? signIn : 'none')
    this.#connecting.hidden = phase !== 'connecting'
    this.#signedOut.hidden = phase !== 'signedOut'
    this.messages.node.hidden = phase === 'connecting' || phase === 'signedOut'
    this.messages.render({ earlier, typing, open: phase === 'chat' })
    this.#ended.hidden = phase !== 'ended'
    this.composer.node.hidden = phase !== 'chat' && phase !== 'connecting'
    this.composer.setEnabled(phase === 'chat', media)
    this.#notices.render(notices)
    if (phase !== 'chat') {
      this.#confirmation.withdraw()
      this.questionnaire.withdraw()
    }
  }

  async #askToClear () {
    const agreed = await this.#confirmation.ask({
      heading: 'Clear this conversation?',
      text: 'It ends, and its messages cannot be brought back.',
      yes: 'Clear'
    })
    if (agreed) this.#handlers.act('clear')
    else this.#header.focusMenu()
  }

  /** Where the person was before a list or a form lay over it, or, where that is gone, where they write. */
  focusAgain (/** @type {Element | null | undefined} */ before) {
    if (before instanceof HTMLElement && before.isConnected) before.focus()
    else this.#focusInside()
  }

  #focusInside () {
    if (this.composer.node.hidden) {
      const visible = [...this.#panel.querySelectorAll('button')].filter((candidate) => candidate.checkVisibility())
      visible.at(-1)?.focus()
    } else {
      this.composer.focus()
    }
  }

  #receiveDrops () {
    const dropping = (/** @type {boolean} */ on) => this.#panel.classList.toggle('dropping', on)
    this.#panel.addEventListener('dragover', (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return
      // Otherwise the browser would leave the page for the file.
      event.preventDefault()
      event.dataTransfer.dropEffect = this.composer.canAttach ? 'copy' : 'none'
      dropping(this.composer.canAttach)
    })
    this.#panel.addEventListener('dragleave', ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node && this.#panel.contains(relatedTarget))) dropping(false)
    })
    this.#panel.addEventListener('drop', (event) => {
      dropping(false)
      if (this.composer.takeFiles(event.dataTransfer)) event.preventDefault()
    })
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
