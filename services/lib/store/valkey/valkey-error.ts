import { StateError } from '../state-error.ts'

/** How long a command may take before it has failed. */
export const commandTimeoutMs = 2_000

const words = {
  away: 'cannot be reached: start it, or see that STORE_URL names it',
  slow: `has not answered for ${commandTimeoutMs / 1_000} seconds: see what keeps it busy`,
  starting: 'is still reading what it has kept: wait until it has',
  refused: 'refuses user or password: see STORE_URL',
  forbidden: 'forbids what is asked of it: see the rights of the user that STORE_URL names',
  crowded: 'has as many connections as it allows: let it allow more (maxclients)',
  full: 'cannot be written, as its memory is full: give it more (maxmemory), or make room',
  readOnly: 'cannot be written: see that STORE_URL names the primary, and that it has as many replicas as it asks for',
  failing: 'cannot be written, as it cannot write to its disk: make room there, or see its log'
}

/** What is wrong with a store over Valkey. */
export type Trouble = keyof typeof words

// The first word of an error, as the server's source has them: https://github.com/valkey-io/valkey/blob/8.0/src/server.c
const ofServer: Record<string, Trouble> = {
  BUSY: 'slow',
  LOADING: 'starting',
  NOAUTH: 'refused',
  WRONGPASS: 'refused',
  NOPERM: 'forbidden',
  OOM: 'full',
  READONLY: 'readOnly',
  NOREPLICAS: 'readOnly',
  MASTERDOWN: 'readOnly',
  MISCONF: 'failing'
}

/**
 * What went wrong with a command, or with the connection.
 *
 * @returns nothing where the server answers, and the command is to blame
 */
export function troubleOf (error: Error): Trouble | undefined {
  const message = error.message.replace(/^Ready check failed: /, '')
  if (/^Command timed out/.test(message)) return 'slow'
  if (/^ERR max number of clients/.test(message)) return 'crowded'
  const isOfServer = error.name === 'ReplyError' || message !== error.message
  return ofServer[message.split(' ')[0]!] ?? (isOfServer ? undefined : 'away')
}

/** Whether somebody who reads cannot see that it is over. */
export const isOfWriting = (trouble: Trouble): boolean => ['forbidden', 'full', 'readOnly', 'failing'].includes(trouble)

/** @param where the server is, without a password */
export const valkeyError = (where: string, trouble: Trouble, cause?: unknown): StateError =>
  new StateError(`the store at ${where}`, words[trouble], { cause })
