import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'

/** How an application is run. */
export interface ApplicationOrder {
  command: string
  args: string[]
  env: NodeJS.ProcessEnv
  /** an address of it */
  url: string
  /** seconds that it has until it takes connections there */
  patience: number
}

const pollMs = 50
const endMs = 5_000
// A program that has children, such as npm, ends with all of them only as a group; Windows has none.
const hasGroups = process.platform !== 'win32'

/** An application that somebody else has written, in a process of its own that can begin anew; what it prints goes to the standard error. */
export class ApplicationProcess {
  readonly #order: ApplicationOrder
  #child: ChildProcess | undefined

  constructor (order: ApplicationOrder) {
    this.#order = order
  }

  /** @throws {Error} where it has ended, or takes no connections in time */
  async start (): Promise<void> {
    const { command, args, env, url, patience } = this.#order
    const child = spawn(command, args, { env, stdio: ['ignore', 2, 2], detached: hasGroups, shell: !hasGroups })
    this.#child = child
    const ended = once(child, 'exit').then(
      ([code, signal]) => { throw new Error(`${command} has ended with ${code ?? signal} before anybody was at ${url}.`) },
      (error: NodeJS.ErrnoException) => { throw new Error(error.code === 'ENOENT' ? `There is no command ${command}.` : error.message) })
    await Promise.race([becomesReachable(url, patience), ended])
    ended.catch(() => {})
  }

  /** End it and start it again; one that then ends, or takes none, is as it would be for its users. */
  async restart (): Promise<void> {
    await this.stop()
    await this.start().catch(() => {})
  }

  async stop (): Promise<void> {
    const child = this.#child
    if (!child?.pid) return
    this.#kill('SIGTERM')
    const ended = child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : once(child, 'exit')
    await Promise.race([ended, setTimeout(endMs, undefined, { ref: false })])
    // What it has started and not ended.
    this.#kill('SIGKILL')
    await ended
  }

  #kill (signal: NodeJS.Signals) {
    const { pid } = this.#child!
    try {
      process.kill(hasGroups ? -pid! : pid!, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

/**
 * Wait until something takes connections there. Nothing is asked: a request could be what has the application fetch the metadata and keys
 * that it then keeps.
 *
 * @throws {Error} when that takes longer
 */
export async function becomesReachable (url: string, seconds: number): Promise<void> {
  const { hostname, port, protocol } = new URL(url)
  const host = hostname.endsWith('localhost') ? 'localhost' : hostname.replace(/^\[|\]$/g, '')
  const end = Date.now() + seconds * 1_000
  while (!await takesConnections({ host, port: Number(port || (protocol === 'https:' ? 443 : 80)) })) {
    if (Date.now() > end) throw new Error(`Nobody is at ${url}, after ${seconds} seconds.`)
    await setTimeout(pollMs)
  }
}

function takesConnections (place: { host: string, port: number }): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(place, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
