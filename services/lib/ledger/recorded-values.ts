import { isPassword } from '../settings/secrets.ts'

const maxParameters = 100
const maxNameLength = 200
const maxValueLength = 8_192
const maxLength = 64 * 1024

/** What a parameter or a member of an answer is in the ledger; objects and lists are their JSON. */
export type RecordedValue = string | number | boolean | null

/**
 * Parameters as they are kept in memory: numbers, booleans and `null` as they are, texts each cut at 8,192 characters and all together at 65,536, the first 100 of
 * them, and none that is a password. What was left out is said in its place.
 */
export function recordable (parameters: Record<string, unknown>): Record<string, RecordedValue> {
  const kept: [string, RecordedValue][] = []
  let more = 0
  let room = maxLength
  for (const name of Object.keys(parameters)) {
    const value = parameters[name]
    if (value === undefined || isPassword(name)) continue
    if (kept.length === maxParameters) {
      more++
      continue
    }
    const recorded = isPlain(value) ? value : cut(textOf(value), Math.min(maxValueLength, room))
    room = Math.max(room - lengthOf(recorded), 0)
    kept.push([cut(name, maxNameLength), recorded])
  }
  if (more > 0) kept.push(['…', `${more} more`])
  return Object.fromEntries(kept)
}

/** Whether a text among them would be cut. */
export const areLong = (parameters: Record<string, unknown>): boolean =>
  Object.values(parameters).some(value => typeof value === 'string' && value.length > maxValueLength)

/** A text of no more than so many characters, and a sign where some are missing. */
export function cut (text: string, length: number): string {
  return ownCopy(text.length <= length ? text : `${text.slice(0, length)}… (cut: ${text.length} characters)`)
}

/** How much room values take with their names; of a list that of its texts. */
export function lengthOfValues (values: Readonly<Record<string, unknown>>): number {
  let length = 0
  for (const name in values) length += name.length + lengthOf(values[name])
  return length
}

const lengthOf = (value: unknown): number =>
  typeof value === 'string' ? value.length : Array.isArray(value) ? value.reduce((sum, one) => sum + lengthOf(one), 0) : 8

const isPlain = (value: unknown): value is number | boolean | null =>
  value === null || typeof value === 'boolean' || Number.isFinite(value)

function textOf (value: unknown): string {
  if (typeof value === 'string') return value
  return JSON.stringify(value) ?? ''
}

// V8 makes a part of a string a reference to the whole: one parameter would keep a whole body in memory, and with it a
// password that the body had beside it.
function ownCopy (text: string): string {
  return text.length < 13 ? text : Buffer.from(text).toString()
}
