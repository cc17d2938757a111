import { createHash, randomUUID } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { realNow } from '#lib/clock.ts'
import { openStateFolder } from '#lib/state-folder.ts'
import type { ContentCheck } from './attachment-content.ts'
import { guestErrors } from '../guest/frames.ts'

// Older than any upload may last, so that no upload under way, in this process or in another, is swept away.
const leftoverAge = 15 * 60_000

/** The bytes of a file, in parts: a stream, or a list with a buffer in it. */
export type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** What a file has to keep to. */
export interface Rules {
  /** most bytes */
  limit: number
  content: ContentCheck
  /** @throws {GuestError} where there is no room for so many bytes more */
  checkRoom: (bytes: number) => void
}

/** A file that is complete and in its place. */
export interface KeptFile {
  /** its name in the folder: random, since nothing that others choose becomes part of a path */
  file: string
  size: number
  /** of its content, in hexadecimal */
  md5: string
}

/**
 * The folder of attachments.
 *
 * A file under way ends in `.part` and gets its name once it is complete. So a file with a name is whole, whenever the
 * process was killed.
 */
export function openAttachmentFiles (folder: string) {
  openStateFolder(folder)
  const pathOf = (file: string) => join(folder, file)
  let used = readdirSync(folder).reduce((sum, file) => sum + (statSync(pathOf(file), { throwIfNoEntry: false })?.size ?? 0), 0)

  async function remove (file: string) {
    const found = await stat(pathOf(file)).catch(() => undefined)
    await rm(pathOf(file), { force: true })
    used -= found?.size ?? 0
  }

  async function receive (path: string, bytes: Bytes, { limit, content, checkRoom }: Rules) {
    const hash = createHash('md5')
    let size = 0
    const handle = await open(path, 'wx', 0o600)
    try {
      for await (const chunk of bytes) {
        size += chunk.length
        if (size > limit) throw guestErrors.fileSizeInvalid()
        // Before it is written, so that of many at once none goes over.
        checkRoom(chunk.length)
        used += chunk.length
        content.pass(chunk)
        hash.update(chunk)
        await handle.appendFile(chunk)
      }
    } finally {
      await handle.close()
    }
    if (size === 0) throw guestErrors.fileEmpty()
    await content.end(path)
    return { size, md5: hash.digest('hex') }
  }

  return {
    folder,

    /** bytes of all files, those under way included; what other replicas write counts from the next sweep on */
    get used () {
      return used
    },

    /**
     * Write a file, part by part.
     *
     * @throws {GuestError} 4002 as soon as it is over the limit, 4003 where the content is not what it should be, 4102, 400
     *   where there is no room
     */
    async write (bytes: Bytes, rules: Rules): Promise<KeptFile> {
      const file = randomUUID()
      const draft = `${file}.part`
      try {
        const received = await receive(pathOf(draft), bytes, rules)
        await rename(pathOf(draft), pathOf(file))
        return { file, ...received }
      } catch (error) {
        await remove(draft)
        throw error
      }
    },

    remove,

    /** Remove all files. */
    async clear () {
      for (const file of await readdir(folder)) await remove(file)
    },

    /** Remove the files that nobody keeps, and what uploads have left behind that ended with their process. */
    async sweep (isKept: (file: string) => Promise<boolean>) {
      const old = realNow() - leftoverAge
      let kept = 0
      for (const file of await readdir(folder)) {
        const found = await stat(pathOf(file)).catch(() => undefined)
        if (found && found.mtimeMs < old && !await isKept(file)) await remove(file)
        else kept += found?.size ?? 0
      }
      used = kept
    }
  }
}

export type AttachmentFiles = ReturnType<typeof openAttachmentFiles>
