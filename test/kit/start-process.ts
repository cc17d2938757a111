import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'
import type { Addresses } from './addresses.ts'
import { portSettings } from './free-ports.ts'
import type { LabOrder, LabReport } from './lab-process.ts'

const labEnv = fileURLToPath(new URL('../../services/lab.env', import.meta.url))
const script = fileURLToPath(new URL(`lab-process${extname(import.meta.url)}`, import.meta.url))

/** The lab in a process of its own. */
export interface LabProcess {
  addresses: Addresses
  /** what it has logged so far: warnings and worse, where `settings` does not say otherwise */
  logs: () => string
  stop: () => Promise<void>
}

// Enough of a log to see what went wrong.
const maxLogLength = 100_000

/**
 * Start the lab in a process of its own, so that its clock is not that of whoever tests; it ends with this process.
 *
 * @throws {Error} with the lab's own words where it could not be started
 */
export async function startProcess (order: Pick<LabOrder, 'services' | 'ports' | 'settings'>): Promise<LabProcess> {
  const stateFolder = mkdtempSync(join(tmpdir(), 'oidc-messenger-lab-'))
  const settings = {
    ...parseEnv(readFileSync(labEnv, 'utf8')) as Record<string, string>,
    STATE_DIR: stateFolder,
    LOG_LEVEL: 'warn',
    LOG_FORMAT: 'json',
    LOCALHOST_SUBDOMAINS: 'off',
    ...order.settings
  }
  const child = fork(script, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Node 22 warns that its SQLite is an experiment, and of nothing that a suite could change.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    serialization: 'json',
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'), ...process.env }
  })
  const ended = once(child, 'exit')
  let log = ''
  for (const output of [child.stdout!, child.stderr!]) output.setEncoding('utf8').on('data', (text: string) => { log = (log + text).slice(-maxLogLength) })
  const chosen = Object.fromEntries(portSettings.flatMap(name => order.settings[name] === undefined ? [] : [[name, order.settings[name]]]))
  child.send({ ...order, settings, ports: { ...chosen, ...order.ports }, stateFolder } satisfies LabOrder)

  const report = await Promise.race([
    once(child, 'message').then(([report]) => report as LabReport),
    ended.then(([code, signal]): LabReport => ({ failed: `It ended with ${signal ?? code}: ${log}` }))
  ])
  if ('failed' in report) {
    await ended
    throw new Error(`The lab could not be started. ${report.failed}`)
  }
  letEnd(child)
  return {
    addresses: report.ready,
    logs: () => log,
    async stop () {
      child.ref()
      if (child.connected) child.disconnect()
      await ended
    }
  }
}

/** Whoever forgets to stop the lab ends all the same, and the lab with them. */
function letEnd (child: ChildProcess) {
  child.unref()
  child.channel?.unref()
  for (const output of [child.stdout, child.stderr]) (output as { unref?: () => void } | null)?.unref?.()
}
