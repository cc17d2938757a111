import { element, icon, ICONS } from '../shared/elements.js'

/** Opens and closes the window, and counts what came meanwhile. The title of the page stays the brand's. */
export class LauncherButton {
  #unread = element('span', { class: 'badge', 'aria-hidden': 'true', hidden: '' })
  #unreadWords = element('span', { class: 'unseen', id: 'unread' })
  #button = element('button', {
    type: 'button', class: 'launcher', 'aria-expanded': 'false', 'aria-controls': 'panel', 'aria-describedby': 'unread', hidden: ''
  }, icon(ICONS.chat), this.#unread)

  nodes = [this.#button, this.#unreadWords]

  /** @param {() => void} press */
  constructor (press) {
    this.#button.addEventListener('click', press)
    this.setOpen(false)
  }

  show (/** @type {boolean} */ visible) {
    this.#button.hidden = !visible
  }

  setOpen (/** @type {boolean} */ open) {
    this.#button.setAttribute('aria-expanded', String(open))
    this.#button.setAttribute('aria-label', open ? 'Close messenger' : 'Open messenger')
    this.#button.firstElementChild?.replaceWith(icon(open ? ICONS.down : ICONS.chat))
  }

  focus () {
    this.#button.focus()
  }

  /** @param {number} count */
  showUnread (count) {
    this.#unread.hidden = count === 0
    this.#unread.textContent = count > 9 ? '9+' : String(count)
    this.#unreadWords.textContent = count === 0 ? '' : `${count} unread ${count === 1 ? 'message' : 'messages'}`
  }
}
