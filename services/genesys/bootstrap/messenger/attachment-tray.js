import { sizeOf } from './attachments.js'
import { webAddress } from './content.js'
import { element, icon, iconButton, ICONS } from './elements.js'

/**
 * @typedef {object} Upload A file that is to go with the next message.
 * @property {string} name
 * @property {number} size
 * @property {string} type
 * @property {'underWay' | 'done' | 'failed'} state
 * @property {string | undefined} [problem]
 * @property {string | undefined} [attachmentId]
 * @property {string | undefined} [url]
 */

/** The files beside the text that is being written. */
export class AttachmentTray {
  #remove
  /** @type {Map<Upload, { chip: HTMLElement, state: string }>} */
  #chips = new Map()
  #list = element('ul', { class: 'chips', 'aria-label': 'Files to send' })
  #news = element('div', { class: 'unseen', role: 'status' })
  node = element('div', { class: 'tray', hidden: '' }, this.#list, this.#news)

  /** @param {(upload: Upload) => void} remove */
  constructor (remove) {
    this.#remove = remove
  }

  /** @param {readonly Upload[]} uploads */
  render (uploads) {
    for (const [upload, { chip }] of this.#chips) {
      if (uploads.includes(upload)) continue
      chip.remove()
      this.#chips.delete(upload)
    }
    for (const upload of uploads) this.#place(upload)
    this.#list.hidden = uploads.length === 0
    this.node.hidden = uploads.length === 0
  }

  /** @param {Upload} upload */
  #place (upload) {
    const shown = this.#chips.get(upload)
    if (shown?.state === upload.state) return
    const chip = shown?.chip ?? element('li', {}, iconButton(`Remove ${upload.name}`, 'remove', ICONS.remove, () => this.#remove(upload)))
    // The button stays, and with it the focus.
    while (chip.childElementCount > 1) chip.firstElementChild?.remove()
    chip.prepend(preview(upload), describe(upload))
    chip.className = `chip ${upload.state}`
    chip.setAttribute('aria-busy', String(upload.state === 'underWay'))
    if (!shown) this.#list.append(chip)
    this.#chips.set(upload, { chip, state: upload.state })
    this.#news.textContent = `${upload.name}: ${stateOf(upload)}`
  }
}

/** @param {Upload} upload */
function preview ({ state, type, url }) {
  // The page's CSP allows no image of a file that is only here yet.
  const address = type.startsWith('image/') && state === 'done' ? webAddress(url) : undefined
  if (address) return element('img', { src: address, alt: '', referrerpolicy: 'no-referrer' })
  return element('span', { class: 'preview' }, icon(state === 'failed' ? ICONS.problem : ICONS.file))
}

/** @param {Upload} upload */
function describe (upload) {
  const bar = element('span', { class: 'bar', 'aria-hidden': 'true' })
  return element('span', { class: 'about' },
    element('bdi', { class: 'name', title: upload.name }, upload.name),
    element('bdi', { class: 'size' }, upload.state === 'done' ? sizeOf(upload.size) : stateOf(upload)),
    ...(upload.state === 'underWay' ? [bar] : []))
}

/** @param {Upload} upload */
function stateOf ({ state, problem }) {
  if (state === 'underWay') return 'Uploading…'
  return state === 'done' ? 'Ready to send' : problem || 'Could not be uploaded'
}
