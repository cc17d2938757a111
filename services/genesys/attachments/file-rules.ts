import { words } from '#lib/validation/words.ts'
import type { Deployment } from '../deployments/deployments-file.ts'
import { guestErrors } from '../protocol/guest-errors.ts'
import { blockedExtensions } from '../protocol/limits.ts'
import type { AttachmentContent } from '../protocol/structured-message.ts'

// Genesys' mobile SDK counts 1000 bytes a KB and lets a started one pass. With 1024 nothing that it lets pass is refused.
const bytesPerKB = 1024
/** Genesys' resource center, "Web messaging limits": 10 MB. */
export const maxFileBytes = 10 * 1024 * bytesPerKB

// The limit of common file systems.
const maxNameBytes = 255

// Separators and reserved characters of any file system, control characters and broken Unicode. Characters that turn the
// direction of writing make `gpj.exe` of what ends in `exe.jpg`.
const unfitForNames = /[/\\:*?"<>|\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u
const reservedNames = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i

/** @throws {GuestError} 4004 or 4005, where a file of this name could not be saved everywhere */
export function checkFileName (name: string) {
  const isPlain = name !== '' && name === name.trim() && !name.startsWith('.') && !name.endsWith('.')
  if (!isPlain || unfitForNames.test(name) || reservedNames.test(name)) throw guestErrors.fileNameInvalid()
  if (Buffer.byteLength(name) > maxNameBytes) throw guestErrors.fileNameTooLong()
}

const mediaType = /^[a-z0-9][\w!#$&^.+-]*\/[a-z0-9][\w!#$&^.+-]*$/

/**
 * Media types carry no parameters here, as deployments list none. Nor has an extension to go with the type, as long as it
 * is not a blocked one: the content has.
 *
 * @throws {GuestError} 4001, where the type is not one, or the extension is blocked
 */
export function checkFileType (fileName: string, fileType: string) {
  const name = fileName.toLowerCase()
  if (!mediaType.test(fileType) || blockedExtensions.some(extension => name.endsWith(extension))) {
    throw guestErrors.fileTypeInvalid()
  }
}

/**
 * How many bytes a guest's file of a type may have: where several modes allow the type, as many as the most generous.
 *
 * @throws {GuestError} 4001 where the deployment takes none of this type
 */
export function limitOf ({ messenger: { fileUpload: { modes } } }: Deployment, fileType: string): number {
  const limits = modes
    .filter(({ fileTypes }) => fileTypes.some(allowed => includes(allowed, fileType)))
    .map(({ maxFileSizeKB }) => maxFileSizeKB * bytesPerKB)
  if (limits.length === 0) throw guestErrors.fileTypeInvalid()
  return Math.min(maxFileBytes, Math.max(...limits))
}

function includes (allowed: string, fileType: string): boolean {
  const pattern = allowed.toLowerCase()
  if (pattern === '*/*') return true
  return pattern.endsWith('/*') ? fileType.startsWith(pattern.slice(0, -1)) : fileType === pattern
}

/**
 * @param size as announced; Genesys' mobile SDK may leave it out
 * @throws {GuestError} 4102 or 4002
 */
export function checkFileSize (size: number | undefined, limit: number) {
  if (size === undefined) return
  if (size === 0) throw guestErrors.fileEmpty()
  if (!Number.isSafeInteger(size) || size < 0 || size > limit) throw guestErrors.fileSizeInvalid()
}

/**
 * An announced MD5 digest, in hexadecimal. It may be announced in Base64 too, as in `Content-MD5`.
 *
 * @throws {GuestError} 400 where it is neither
 */
export function md5Of (announced: string): string {
  if (/^[0-9a-f]{32}$/i.test(announced)) return announced.toLowerCase()
  if (/^[\w+/]{22}==$/.test(announced)) return Buffer.from(announced, 'base64').toString('hex')
  throw guestErrors.requestFailed(`fileMd5: ${words.mustBe('an MD5 digest, in hexadecimal or Base64')}`)
}

/** The kind of content that a message shows a file as. */
export function mediaTypeOf (fileType: string): AttachmentContent['attachment']['mediaType'] {
  if (fileType.startsWith('image/')) return 'Image'
  if (fileType.startsWith('video/')) return 'Video'
  if (fileType.startsWith('audio/')) return 'Audio'
  return 'File'
}

/** Whether a browser may show a file as a page of its own: SVG, an image, is a document that may hold scripts. */
export const isShownInline = (fileType: string) => mediaTypeOf(fileType) !== 'File' && !fileType.endsWith('xml')
