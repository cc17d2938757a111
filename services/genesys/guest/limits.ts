import { guestErrors } from './frames.ts'

// Limits as in Genesys' resource center, "Web messaging limits".
const maxTextBytes = 4096
export const maxCustomDataBytes = 2048

/** @throws {GuestError} where a text is over the limit, in bytes of UTF-8 */
export function checkText (text: string) {
  if (Buffer.byteLength(text) > maxTextBytes) throw guestErrors.messageTooLong()
}

/** @throws {GuestError} where custom attributes are over the limit, in bytes of JSON */
export function checkCustomAttributes (customAttributes: unknown) {
  if (customAttributes !== undefined && Buffer.byteLength(JSON.stringify(customAttributes)) > maxCustomDataBytes) {
    throw guestErrors.customAttributesTooLarge()
  }
}
