import { Readable } from 'node:stream'

/** An answer of 400 MB, as fast as it is read, and how much of it was. */
export function endlessJson () {
  const chunk = Buffer.alloc(64 * 1024, ' ')
  let chunks = 0
  const stream = new Readable({
    read () { this.push(++chunks * chunk.length > 400 * 1024 * 1024 ? null : chunk) }
  })
  return { stream, bytes: () => chunks * chunk.length }
}
