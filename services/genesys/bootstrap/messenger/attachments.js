import { webAddress } from './content.js'
import { element, externalLink, icon, ICONS } from './elements.js'

/** @import { Attachment } from './content.js' */

/**
 * A file of a message: an image shows itself, everything else its name.
 * @param {Attachment} attachment
 * @param {() => void} gone The image cannot be loaded; addresses of files are good for a while only.
 */
export function drawAttachment (attachment, gone) {
  const { mediaType, mime, filename } = attachment
  const url = webAddress(attachment.url)
  const image = mediaType === 'Image' || (!mediaType && mime?.startsWith('image/'))
  if (!url || !image) return drawFile(attachment)
  const picture = element('img', { src: url, alt: filename || 'Image', loading: 'lazy', referrerpolicy: 'no-referrer' })
  const link = externalLink(url, { class: 'picture' }, picture)
  picture.addEventListener('error', () => {
    link.replaceWith(drawFile(attachment))
    gone()
  })
  return link
}

/** @param {Attachment} attachment */
function drawFile ({ url, filename, fileSize }) {
  const name = element('bdi', { class: 'name' }, filename || 'File')
  const label = [icon(ICONS.file), element('span', { class: 'about' }, name, element('bdi', { class: 'size' }, sizeOf(fileSize)))]
  const address = webAddress(url)
  return address ? externalLink(address, { class: 'file' }, ...label) : element('span', { class: 'file' }, ...label)
}

/** @param {number | undefined} bytes */
export function sizeOf (bytes) {
  if (bytes === undefined) return ''
  const [unit, value] = bytes < 1000 ? ['byte', bytes] : bytes < 1e6 ? ['kilobyte', bytes / 1000] : ['megabyte', bytes / 1e6]
  const options = { style: /** @type {const} */ ('unit'), unit, maximumFractionDigits: value < 10 ? 1 : 0 }
  return new Intl.NumberFormat(undefined, options).format(value)
}
