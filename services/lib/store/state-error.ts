import { getSystemErrorMessage } from 'node:util'

/**
 * What a service keeps cannot be read or written. The message is one line that names the file, or the server, and says what to do.
 * A request that meets it is answered with 503: it can be sent again.
 */
export class StateError extends Error {
  override name = 'StateError'
  readonly statusCode = 503

  constructor (file: string, whatToDo: string, options?: ErrorOptions) {
    super(`${file} ${whatToDo}`, options)
  }
}

const otherFolder = 'or set STATE_DIR to another folder'
const words = {
  full: 'cannot be written, as the disk is full: make room',
  forbidden: `cannot be written: let the user that this runs as write to it and its folder, ${otherFolder}`,
  damaged: 'is damaged: put back a copy, or delete it to begin anew without what it kept',
  locked: `is in use by another process: end that, ${otherFolder}`,
  failing: 'cannot be read or written: see whether its disk is in order'
}
type Trouble = keyof typeof words

const ofSystem: Record<string, Trouble> = {
  ENOSPC: 'full', EDQUOT: 'full', EACCES: 'forbidden', EPERM: 'forbidden', EROFS: 'forbidden', EIO: 'failing'
}

// https://www.sqlite.org/rescode.html
const ofSqlite: Record<number, Trouble> = {
  3: 'forbidden', 5: 'locked', 8: 'forbidden', 10: 'failing', 11: 'damaged', 13: 'full', 14: 'forbidden', 26: 'damaged'
}

/**
 * What went wrong with a file of the state, in words.
 *
 * @param error of the file system, or of SQLite
 * @returns nothing where the file is not to blame
 */
export function stateErrorOf (file: string, error: unknown): StateError | undefined {
  const { code = '', errcode = 0, errno } = error as NodeJS.ErrnoException & { errcode?: number }
  const trouble = ofSystem[code] ?? ofSqlite[errcode & 0xff]
  if (trouble) return new StateError(file, words[trouble], { cause: error })
  return errno === undefined ? undefined : new StateError(file, `cannot be used: ${getSystemErrorMessage(errno)}`, { cause: error })
}

/** A file that is there and holds something else than what was kept in it. */
export const damaged = (file: string, cause?: unknown) => new StateError(file, words.damaged, { cause })

/** A file of a folder that somebody else has. */
export const locked = (file: string, cause?: unknown) => new StateError(file, words.locked, { cause })
