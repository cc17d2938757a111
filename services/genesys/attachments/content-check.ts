import { guestErrors } from '../protocol/guest-errors.ts'

/** Other names of what `file-type` finds, and what is kept in a container that it cannot see into. */
const alsoKnownAs: Record<string, string[]> = {
  'application/gzip': ['application/x-gzip'],
  'application/x-cfb': [
    'application/msword', 'application/vnd.ms-excel', 'application/vnd.ms-powerpoint', 'application/vnd.ms-outlook'
  ],
  'application/x-rar-compressed': ['application/vnd.rar'],
  'application/zip': ['application/x-zip-compressed'],
  'audio/mpeg': ['audio/mp3'],
  'audio/ogg; codecs=opus': ['audio/ogg', 'audio/opus'],
  'audio/wav': ['audio/x-wav', 'audio/wave', 'audio/vnd.wave'],
  'audio/x-m4a': ['audio/mp4', 'audio/m4a'],
  'image/apng': ['image/png'],
  'image/bmp': ['image/x-ms-bmp'],
  'image/heic': ['image/heif'],
  'image/jpeg': ['image/jpg'],
  'image/x-icon': ['image/vnd.microsoft.icon'],
  'video/matroska': ['video/x-matroska'],
  'video/mp4': ['audio/mp4'],
  'video/vnd.avi': ['video/x-msvideo', 'video/avi'],
  'video/webm': ['audio/webm']
}

const media = /^(image|audio|video)\//
const text = /^(text\/.*|application\/(json|xml|yaml|.*\+json|.*\+xml)|image\/svg\+xml)$/

/** Looks at the content of a file while it passes, and once it is there. */
export interface ContentCheck {
  /** @throws {GuestError} 4003 */
  pass (chunk: Uint8Array): void
  /** @throws {GuestError} 4003 */
  end (path: string): Promise<void>
}

/**
 * Whether content is what its type says: text is UTF-8 without NUL, other content carries the signature of its type. A type
 * that has no signature which `file-type` knows is taken at its word, unless it is an image, a sound or a film: those are
 * shown to people. How Genesys decides on 4003 is not documented: see "The wire" in services/genesys/README.md.
 */
export function checkContent (fileType: string): ContentCheck {
  return text.test(fileType) ? new TextCheck() : new SignatureCheck(fileType)
}

class TextCheck implements ContentCheck {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })

  pass (chunk: Uint8Array): void {
    if (chunk.includes(0)) throw guestErrors.fileContentInvalid()
    this.#decode(chunk)
  }

  async end (): Promise<void> {
    this.#decode()
  }

  #decode (chunk?: Uint8Array): void {
    try {
      this.#decoder.decode(chunk, { stream: chunk !== undefined })
    } catch {
      throw guestErrors.fileContentInvalid()
    }
  }
}

/** By the file signature, or magic number, with which content of a type begins. */
class SignatureCheck implements ContentCheck {
  readonly #fileType: string

  constructor (fileType: string) {
    this.#fileType = fileType
  }

  pass (): void {}

  async end (path: string): Promise<void> {
    const fileType = this.#fileType
    // Loaded when the first file is there: most guests send none.
    const { fileTypeFromFile, supportedMimeTypes } = await import('file-type')
    // What the library stumbles over, it has not recognised.
    const found = (await fileTypeFromFile(path).catch(() => undefined))?.mime
    const isRecognisable = supportedMimeTypes.has(fileType) || Object.values(alsoKnownAs).flat().includes(fileType)
    const cannotBeTold = !isRecognisable && !media.test(fileType)
    if (cannotBeTold || found === fileType) return
    if (found === undefined || !alsoKnownAs[found]?.includes(fileType)) throw guestErrors.fileContentInvalid()
  }
}
