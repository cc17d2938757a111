import { Type } from '#lib/schema.ts'
import type { Deployment } from '../deployments.ts'
import { guestErrors } from './frames.ts'

// Limits as in Genesys' resource center, "Web messaging limits".
const maxTextBytes = 4096
export const maxCustomDataBytes = 2048

// Each message of a page of history has its own.
const maxMetadataBytes = 4096

/** What clients add to a message for themselves: an id or two. How much it may be is our choice, see `checkMetadata`. */
export const metadata = Type.Record(Type.String({ pattern: '^[^]{0,100}$' }), Type.String({ maxLength: 1000 }), {
  maxProperties: 20,
  additionalProperties: false
})

/** @throws {GuestError} where a message's metadata are over the limit, in bytes of JSON */
export function checkMetadata (metadata: Record<string, string> | undefined) {
  if (metadata !== undefined && jsonBytes(metadata) > maxMetadataBytes) throw guestErrors.requestFailed('Malformed: message.metadata')
}

/** @throws {GuestError} where a text is over the limit, in bytes of UTF-8 */
export function checkText (text: string) {
  if (Buffer.byteLength(text) > maxTextBytes) throw guestErrors.messageTooLong()
}

/** @throws {GuestError} where custom attributes are over the limit, in bytes of JSON */
export function checkCustomAttributes (customAttributes: unknown) {
  if (customAttributes === undefined || jsonBytes(customAttributes) <= maxCustomDataBytes) return
  throw guestErrors.customAttributesTooLarge()
}

function jsonBytes (value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value))
  } catch {
    // Nested too deep to be written: what was read can be nested deeper.
    return Infinity
  }
}

/** Extensions that no file may have, whatever its type. Genesys' own list is not published: our choice. */
export const blockedExtensions = [
  '.app', '.bat', '.cmd', '.com', '.cpl', '.dll', '.exe', '.hta', '.htm', '.html', '.jar', '.js', '.lnk', '.mjs', '.msi',
  '.pif', '.ps1', '.scr', '.sh', '.svg', '.vbs', '.wsf', '.xhtml'
]

/** What a session's answer and `getConfiguration` say about files (`AllowedMedia`). */
export function allowedMediaOf ({ messenger }: Deployment) {
  const { modes } = messenger.fileUpload
  if (modes.length === 0) return {}
  return {
    inbound: {
      fileTypes: [...new Set(modes.flatMap(({ fileTypes }) => fileTypes))].map(type => ({ type })),
      maxFileSizeKB: Math.max(...modes.map(({ maxFileSizeKB }) => maxFileSizeKB))
    }
  }
}
