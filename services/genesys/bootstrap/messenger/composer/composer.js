import { element, icon, iconButton, ICONS } from '../shared/elements.js'
import { AttachmentTray } from './attachment-tray.js'

/** @import { StagedFile } from './attachment-tray.js' */

/**
 * @typedef {object} ComposerHandlers
 * @property {(text: string) => void} send
 * @property {() => void} typing
 * @property {(text: string) => void} draft What stands in the field has changed.
 * @property {(files: File[]) => void} attach
 * @property {(file: StagedFile) => void} removeFile
 *
 * @typedef {{ accept: string }} Media The kinds of file that can be attached.
 */

/** Where the person writes: Enter sends, Shift+Enter begins a new line. */
export class Composer {
  #text = element('textarea', { id: 'message', rows: '1', dir: 'auto', placeholder: 'Type a message', enterkeyhint: 'send' })
  #send = element('button', { type: 'submit', class: 'send', 'aria-label': 'Send message', 'aria-disabled': 'true' }, icon(ICONS.send))
  #files = element('input', { type: 'file', multiple: '', hidden: '', 'aria-hidden': 'true' })
  #attach = iconButton('Attach a file', 'attach', ICONS.attach, () => this.#files.click())
  #handlers
  #tray
  #enabled = false
  #canAttach = false
  // Deferred submit: who presses Enter while the Messenger still connects has sent, and is not to press again.
  #submitsOnceEnabled = false
  /** @type {readonly StagedFile[]} */
  #staged = []
  node

  /** @param {ComposerHandlers} handlers */
  constructor (handlers) {
    this.#handlers = handlers
    this.#tray = new AttachmentTray((file) => {
      handlers.removeFile(file)
      this.focus()
    })
    this.node = element('form', { class: 'composer' }, this.#tray.node, this.#attach, this.#files,
      element('label', { class: 'unseen', for: 'message' }, 'Message'), this.#text, this.#send)
    this.#listen()
  }

  /**
   * Writing is always possible; sending only when there is a conversation to send to.
   * @param {boolean} enabled
   * @param {Media | undefined} media
   */
  setEnabled (enabled, media) {
    this.#enabled = enabled
    this.#canAttach = enabled && media !== undefined
    this.#attach.hidden = !this.#canAttach
    this.#files.accept = media?.accept ?? ''
    this.#update()
    if (this.#submitsOnceEnabled && enabled) this.#submit()
  }

  /** @param {readonly StagedFile[]} files */
  showFiles (files) {
    this.#staged = files
    this.#tray.render(files)
    this.#update()
  }

  /** @param {DataTransfer | null} transfer What was dropped or pasted. */
  takeFiles (transfer) {
    const files = [...transfer?.files ?? []]
    if (this.#canAttach && files.length > 0) this.#handlers.attach(files)
    return files.length > 0
  }

  get canAttach () {
    return this.#canAttach
  }

  get empty () {
    return this.#text.value === ''
  }

  focus () {
    this.#text.focus()
  }

  /** @param {string} text */
  setText (text) {
    this.#text.value = text
    this.#submitsOnceEnabled = false
    this.#update()
  }

  #listen () {
    this.node.addEventListener('submit', (event) => {
      event.preventDefault()
      this.#submit()
      this.focus()
    })
    this.#text.addEventListener('keydown', (event) => {
      // An input method uses Enter to accept a candidate.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
      event.preventDefault()
      this.#submit()
    })
    this.#text.addEventListener('input', () => {
      this.#submitsOnceEnabled = false
      this.#update()
      this.#handlers.draft(this.#text.value)
      if (this.#enabled && this.#text.value !== '') this.#handlers.typing()
    })
    this.#text.addEventListener('paste', (event) => {
      if (this.takeFiles(event.clipboardData)) event.preventDefault()
    })
    this.#files.addEventListener('change', () => {
      this.#handlers.attach([...this.#files.files ?? []])
      // The same file can be chosen again.
      this.#files.value = ''
      this.focus()
    })
  }

  get #ready () {
    const files = this.#staged.map(({ state }) => state)
    if (!this.#enabled || files.includes('underWay')) return false
    return this.#text.value.trim() !== '' || files.includes('done')
  }

  #submit () {
    this.#submitsOnceEnabled = !this.#enabled
    if (!this.#ready) return
    const text = this.#text.value.trim()
    this.setText('')
    this.#handlers.send(text)
  }

  #update () {
    this.#send.setAttribute('aria-disabled', String(!this.#ready))
  }
}
