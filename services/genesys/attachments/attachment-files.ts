import { createHash, randomUUID } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { realNow } from '#lib/clock/clock.ts'
import { openStateFolder } from '#lib/store/state-folder.ts'
import type { Signals } from '#lib/store/store.ts'
import { guestErrors } from '../protocol/guest-errors.ts'
import type { ContentCheck } from './content-check.ts'

// Grace period: older than any upload may last, so that none under way, in this process or in another, is swept away.
const sweepGraceMs = 15 * 60_000

const channel = 'attachment-bytes'

/** The bytes of a file, in parts: a stream, or a list with a buffer in it. */
export type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** What a file has to keep to. */
export interface Rules {
  /** most bytes */
  limit: number
  content: ContentCheck
  /** @throws {GuestError} where there is no room for so many bytes more */
  checkQuota: (bytes: number) => void
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
 * Atomic rename: a file under way ends in `.part` and gets its name once it is complete. So a file with a name is whole, whenever
 * the process was killed.
 */
export class AttachmentFiles {
  readonly folder: string
  readonly #replica = randomUUID()
  #usedBytes: number
  #tell: (bytes: number) => void = () => {}
  #unsubscribe = () => {}

  constructor (folder: string) {
    this.folder = openStateFolder(folder)
    this.#usedBytes = readdirSync(folder)
      .reduce((sum, file) => sum + (statSync(this.#pathOf(file), { throwIfNoEntry: false })?.size ?? 0), 0)
  }

  /** Count what other replicas write into the folder and remove from it, and tell them of what this one does. */
  async share (signals: Signals): Promise<void> {
    this.#tell = bytes => {
      // Whoever has missed it finds it at the next sweep.
      signals.publish(channel, { replica: this.#replica, bytes }).catch(() => {})
    }
    this.#unsubscribe = await signals.subscribe<{ replica: string, bytes: number }>(channel, ({ replica, bytes }) => {
      if (replica !== this.#replica) this.#usedBytes += bytes
    })
  }

  stop (): void {
    this.#unsubscribe()
  }

  /** Of all files, those under way here included. */
  get usedBytes (): number {
    return this.#usedBytes
  }

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
      const received = await this.#receive(this.#pathOf(draft), bytes, rules)
      await rename(this.#pathOf(draft), this.#pathOf(file))
      this.#tell(received.size)
      return { file, ...received }
    } catch (error) {
      await this.#remove(draft)
      throw error
    }
  }

  async remove (file: string): Promise<void> {
    this.#tell(-await this.#remove(file))
  }

  /** @returns how many bytes have gone */
  async #remove (file: string): Promise<number> {
    const { size } = await stat(this.#pathOf(file)).catch(() => ({ size: 0 }))
    await rm(this.#pathOf(file), { force: true })
    this.#usedBytes -= size
    return size
  }

  /** Remove all files. */
  async clear (): Promise<void> {
    for (const file of await readdir(this.folder)) await this.remove(file)
  }

  /** Garbage collection: remove the files that nobody keeps, and what uploads have left behind that ended with their process. */
  async sweep (isKept: (file: string) => Promise<boolean>): Promise<void> {
    const sweptBefore = realNow() - sweepGraceMs
    let keptBytes = 0
    for (const file of await readdir(this.folder)) {
      const found = await stat(this.#pathOf(file)).catch(() => undefined)
      if (found && found.mtimeMs < sweptBefore && !await isKept(file)) await this.remove(file)
      else keptBytes += found?.size ?? 0
    }
    this.#usedBytes = keptBytes
  }

  async #receive (path: string, bytes: Bytes, { limit, content, checkQuota }: Rules): Promise<Omit<KeptFile, 'file'>> {
    const hash = createHash('md5')
    let size = 0
    const handle = await open(path, 'wx', 0o600)
    try {
      for await (const chunk of bytes) {
        size += chunk.length
        if (size > limit) throw guestErrors.fileSizeInvalid()
        // Before it is written, so that of many at once none goes over.
        checkQuota(chunk.length)
        this.#usedBytes += chunk.length
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

  #pathOf (file: string): string {
    return join(this.folder, file)
  }
}
