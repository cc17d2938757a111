import { isPassword } from './secrets.ts'

const maxParameters = 100
const maxNameLength = 200
const maxValueLength = 8_192
const maxLength = 64 * 1024

/**
 * Parameters as they are kept in memory: strings, each cut at 8,192 characters and all together at 65,536, the first 100 of
 * them, and none that is a password. What was left out is said in its place.
 */
export function recordable (parameters: Record<string, unknown>): Record<string, string> {
  const kept: [string, string][] = []
  const names = Object.keys(parameters).filter(name => parameters[name] !== undefined && !isPassword(name))
  let room = maxLength
  for (const name of names.slice(0, maxParameters)) {
    const value = cut(textOf(parameters[name]), Math.min(maxValueLength, room))
    room = Math.max(room - value.length, 0)
    kept.push([cut(name, maxNameLength), value])
  }
  if (names.length > maxParameters) kept.push(['…', `${names.length - maxParameters} more`])
  return Object.fromEntries(kept)
}

/** A text of no more than so many characters, and a sign where some are missing. */
export function cut (text: string, length: number): string {
  return ownCopy(text.length <= length ? text : `${text.slice(0, length)}… (cut: ${text.length} characters)`)
}

function textOf (value: unknown): string {
  if (typeof value === 'string') return value
  return JSON.stringify(value) ?? ''
}

// V8 makes a part of a string a reference to the whole: one parameter would keep a whole body in memory, and with it a
// password that the body had beside it.
function ownCopy (text: string): string {
  return text.length < 13 ? text : Buffer.from(text).toString()
}
