import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { until } from '../../../test/helpers/until.ts'

/** What a process has used so far. */
export interface Usage {
  residentBytes: number
  /** at its most, since it began */
  peakBytes: number
  /** JavaScript objects, in use or not yet collected */
  heapBytes: number
  /** of all its threads, in user and kernel mode */
  cpuMicroseconds: number
}

/** A server in a process of its own. */
export interface ServerProcess {
  usage (options?: { collectGarbage: boolean }): Promise<Usage>
  stop (): Promise<void>
}

/** What becomes of what a service records. */
export type LedgerUse = 'none' | 'unread' | 'followed'

/**
 * How the image of a checkout runs Node: what was checked out beside this one may have its own way, or the same.
 *
 * @param ledger `none`: as in a lab, without its ledger
 */
export function nodeOptionsOf (checkout: string, ledger: LedgerUse = 'unread'): { NODE_OPTIONS?: string } {
  const imageOptions = /^ENV NODE_OPTIONS=(\S+)$/m.exec(readFileSync(join(checkout, 'services/Dockerfile'), 'utf8'))?.[1]
  const options = [
    ...(imageOptions === undefined ? [] : [imageOptions]),
    ...(ledger === 'none' ? [`--import=${import.meta.resolve('./without-ledger.ts')}`] : [])
  ]
  return options.length > 0 ? { NODE_OPTIONS: options.join(' ') } : {}
}

/** Whether a checkout has a console, which follows ledgers: one may be older than that. */
export const hasConsole = (checkout: string): boolean => existsSync(join(checkout, 'services/console'))

/** Start a server with the Node that runs this, and wait until it takes connections. */
export async function startServer (script: string, port: number, env: Record<string, string>): Promise<ServerProcess> {
  const server = spawn(process.execPath, ['--expose-gc', '--import', import.meta.resolve('./usage-reporter.ts'), script], {
    env, stdio: ['ignore', 'ignore', 'inherit', 'ipc']
  })
  const ended = once(server, 'exit')
  await Promise.race([
    until(`${script} listens`, () => takesConnections(port)),
    ended.then(([code]) => { throw new Error(`${script} ended with ${code} before it listened`) })
  ])

  return {
    async usage (options = { collectGarbage: false }) {
      server.send(options)
      const [usage] = await once(server, 'message')
      return usage as Usage
    },
    async stop () {
      server.kill('SIGKILL')
      await ended
    }
  }
}

function takesConnections (port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
