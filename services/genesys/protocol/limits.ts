import { Type } from '#lib/validation/schema.ts'
import { words } from '#lib/validation/words.ts'
import { guestErrors } from './guest-errors.ts'

// Limits as in Genesys' resource center, "Web messaging limits".
const maxTextBytes = 4096
export const maxCustomDataBytes = 2048

// Each message of a page of history has its own.
const maxMetadataBytes = 4096

/** What clients add to a message for themselves: an id or two. See `checkMetadata` too. */
export const metadata = Type.Record(Type.String({ pattern: '^[^]{0,100}$' }), Type.String({ maxLength: 1000 }), {
  maxProperties: 20,
  additionalProperties: false
})

/** @throws {GuestError} where a message's metadata are over the limit, in bytes of JSON */
export function checkMetadata (metadata: Record<string, string> | undefined) {
  if (metadata !== undefined && jsonBytes(metadata) > maxMetadataBytes) throw guestErrors.requestFailed(`message.metadata: ${words.atMost(maxMetadataBytes, 'byte')}`)
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

/** Extensions that no file may have, whatever its type. Genesys' own list is not published. */
export const blockedExtensions = [
  '.app', '.bat', '.cmd', '.com', '.cpl', '.dll', '.exe', '.hta', '.htm', '.html', '.jar', '.js', '.lnk', '.mjs', '.msi',
  '.pif', '.ps1', '.scr', '.sh', '.svg', '.vbs', '.wsf', '.xhtml'
]
