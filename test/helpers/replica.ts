import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import type { ServiceName } from '../../services/embedded/app.ts'
import { compileCache, freePorts, root } from './lab.ts'
import { until } from './until.ts'

/** One of several processes of a service. */
export class Replica {
  readonly service: ServiceName
  readonly port: number
  /** where it is, past whatever is in front of it */
  readonly url: string
  readonly #settings: Record<string, string>
  readonly #log: string[]
  #process: ChildProcess | undefined

  /** @param log where what it prints is kept */
  constructor (service: ServiceName, port: number, settings: Record<string, string>, log: string[]) {
    this.service = service
    this.port = port
    this.url = `http://127.0.0.1:${port}`
    this.#settings = settings
    this.#log = log
  }

  /** by which it can be seen that it was not started anew */
  get pid (): number | undefined {
    return this.#process?.pid
  }

  get isRunning (): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** Start it, and wait until it answers. */
  async start (): Promise<void> {
    const started = spawn(process.execPath, [join(root, 'services', this.service, 'server.ts')], {
      env: { ...compileCache(), ...this.#settings }, stdio: ['ignore', 'pipe', 'pipe']
    })
    this.#process = started
    for (const output of [started.stdout, started.stderr]) output.setEncoding('utf8').on('data', (text: string) => this.#log.push(text))
    await Promise.race([
      until(`${this.service} answers at ${this.port}`, async () => (await fetch(`${this.url}/livez`)).ok, startupMs),
      once(started, 'exit').then(([code, signal]) => {
        // Killed while it starts, which a test may do.
        if (signal === null) throw new Error(`${this.service} ended with ${code}: ${this.#log.slice(-3).join('')}`)
      })
    ])
  }

  /** End it as `kill -9` does; it may have ended. */
  async kill (): Promise<void> {
    if (!this.isRunning) return
    const exit = once(this.#process!, 'exit')
    this.#process!.kill('SIGKILL')
    await exit
  }

  /** What `/readyz` says. */
  async readiness (): Promise<{ status: number, reason?: string }> {
    const response = await fetch(`${this.url}/readyz`)
    const { reason } = await response.json() as { reason?: string }
    return { status: response.status, ...reason !== undefined && { reason } }
  }
}

// Many may start at once, where others use the processors.
const startupMs = 120_000

const settingOfPort = { 'relying-party': 'APP_PORT', idp: 'IDP_PORT', genesys: 'GENESYS_PORT', console: 'CONSOLE_PORT' } as const

/**
 * Start several processes of a service, which end with the test.
 *
 * @param settings those of all, among them `STORE_URL`, and the URLs by which the services are to be found
 */
export async function startReplicas (
  t: Test, service: ServiceName, count: number, settings: Record<string, string>, log: string[] = []
): Promise<Replica[]> {
  const replicas = await Promise.all(Array.from({ length: count }, async () => {
    const { APP_PORT: port } = await freePorts()
    return new Replica(service, Number(port), { ...settings, [settingOfPort[service]]: port }, log)
  }))
  t.teardown(() => Promise.all(replicas.map(replica => replica.kill())))
  await Promise.all(replicas.map(replica => replica.start()))
  return replicas
}
