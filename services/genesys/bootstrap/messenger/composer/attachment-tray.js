import { webAddress } from '../shared/content-parts.js'
import { element, icon, iconButton, ICONS } from '../shared/elements.js'
import { formatSize } from '../shared/file-size.js'

/**
 * @typedef {object} StagedFile A file that is to go with the next message.
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
  /** @type {Map<StagedFile, { chip: HTMLElement, state: string }>} */
  #chips = new Map()
  #list = element('ul', { class: 'chips', 'aria-label': 'Files to send' })
  #news = element('div', { class: 'unseen', role: 'status' })
  node = element('div', { class: 'tray', hidden: '' }, this.#list, this.#news)

  /** @param {(file: StagedFile) => void} remove */
  constructor (remove) {
    this.#remove = remove
  }

  /** @param {readonly StagedFile[]} files */
  render (files) {
    for (const [file, { chip }] of this.#chips) {
      if (files.includes(file)) continue
      chip.remove()
      this.#chips.delete(file)
    }
    for (const file of files) this.#place(file)
    this.#list.hidden = files.length === 0
    this.node.hidden = files.length === 0
  }

  /** @param {StagedFile} file */
  #place (file) {
    const shown = this.#chips.get(file)
    if (shown?.state === file.state) return
    const chip = shown?.chip ?? element('li', {}, iconButton(`Remove ${file.name}`, 'remove', ICONS.remove, () => this.#remove(file)))
    // The button stays, and with it the focus.
    while (chip.childElementCount > 1) chip.firstElementChild?.remove()
    chip.prepend(preview(file), describe(file))
    chip.className = `chip ${file.state}`
    chip.setAttribute('aria-busy', String(file.state === 'underWay'))
    if (!shown) this.#list.append(chip)
    this.#chips.set(file, { chip, state: file.state })
    this.#news.textContent = `${file.name}: ${stateOf(file)}`
  }
}

/** @param {StagedFile} file */
function preview ({ state, type, url }) {
  // The page's CSP allows no image of a file that is only here yet.
  const address = type.startsWith('image/') && state === 'done' ? webAddress(url) : undefined
  if (address) return element('img', { src: address, alt: '', referrerpolicy: 'no-referrer' })
  return element('span', { class: 'preview' }, icon(state === 'failed' ? ICONS.problem : ICONS.file))
}

/** @param {StagedFile} file */
function describe (file) {
  const bar = element('span', { class: 'bar', 'aria-hidden': 'true' })
  return element('span', { class: 'about' },
    element('bdi', { class: 'name', title: file.name }, file.name),
    element('bdi', { class: 'size' }, file.state === 'done' ? formatSize(file.size) : stateOf(file)),
    ...(file.state === 'underWay' ? [bar] : []))
}

/** @param {StagedFile} file */
function stateOf ({ state, problem }) {
  if (state === 'underWay') return 'Uploading…'
  return state === 'done' ? 'Ready to send' : problem || 'Could not be uploaded'
}
