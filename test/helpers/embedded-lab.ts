import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { buildService, serviceNames, type ServiceName } from '../../services/embedded/app.ts'
import { takeKeysFromFile } from './keys.ts'
import { describeLab, freePorts, labSettings, root, urlsOf, type Lab } from './lab.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'

interface Running {
  stop (): Promise<unknown>
  /** only where it has a process of its own */
  kill?(): Promise<unknown>
}

/** Start the lab in this process, on free ports and with a state folder of its own; it ends with the test. */
export async function startEmbeddedLab (t: Test, settings: Record<string, string> = {}): Promise<Lab> {
  takeKeysFromFile()
  const all = labSettings({
    // It outlives what a flow puts back at its end, which a `testdir` does not.
    STATE_DIR: temporaryFolder(t), LOG_FORMAT: 'json', AGENT_DELAY_MS: '20', ...await freePorts(), ...settings
  })
  const lab = describeLab(all)
  const urls = urlsOf(lab)
  const running = new Map<ServiceName, Running>()
  const isolated = new Set<ServiceName>()
  const lines: string[] = []
  const log = { write: (line: string) => { lines.push(line) } }

  async function startHere (service: ServiceName): Promise<Running> {
    const { app, config } = await buildService(service, all, log)
    await app.listen({ host: config.host, port: config.port })
    return { stop: () => app.close() }
  }

  async function startApart (service: ServiceName): Promise<Running> {
    const server = spawn(process.execPath, [join(root, 'services', service, 'server.ts')], { env: all, stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = once(server, 'close')
    for (const output of [server.stdout, server.stderr]) output.setEncoding('utf8').on('data', log.write)
    const end = async (signal: NodeJS.Signals) => {
      server.kill(signal)
      await ended
    }
    await Promise.race([
      until(`${service} answers`, async () => (await fetch(`${urls[service]}/livez`)).ok),
      ended.then(([code]) => { throw new Error(`${service} ended with ${code}: ${lines.slice(-3).join('')}`) })
    ])
    return { stop: () => end('SIGTERM'), kill: () => end('SIGKILL') }
  }

  const start = async (service: ServiceName) => {
    running.set(service, await (isolated.has(service) ? startApart(service) : startHere(service)))
  }
  const stop = async (service: ServiceName) => {
    await running.get(service)?.stop()
    running.delete(service)
  }

  t.teardown(() => Promise.all([...running.keys()].map(stop)))
  for (const service of serviceNames) await start(service)
  return {
    tier: 'embedded',
    ...lab,
    start,
    stop,
    async isolate (service) {
      if (isolated.has(service)) return
      isolated.add(service)
      await stop(service)
      await start(service)
    },
    async kill (service) {
      const { kill } = running.get(service) ?? {}
      if (!kill) throw new Error(`${service} has no process of its own`)
      await kill()
      running.delete(service)
    },
    logs: async () => lines.join('')
  }
}
