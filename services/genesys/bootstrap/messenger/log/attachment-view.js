import { webAddress } from '../shared/content-parts.js'
import { element, externalLink, icon, ICONS } from '../shared/elements.js'
import { formatSize } from '../shared/file-size.js'

/** @import { Attachment } from '../shared/content-parts.js' */

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
  const label = [icon(ICONS.file), element('span', { class: 'about' }, name, element('bdi', { class: 'size' }, formatSize(fileSize)))]
  const address = webAddress(url)
  return address ? externalLink(address, { class: 'file' }, ...label) : element('span', { class: 'file' }, ...label)
}
