import type { Test } from 'tap'
import type { Server } from '#lib/http-server.ts'
import { buildService, serviceNames, type ServiceName } from '../../services/lab/app.ts'
import { describeLab, freePorts, labSettings, type Lab } from './lab.ts'

/** Start the lab in this process, on free ports and with a state folder of its own; it ends with the test. */
export async function startEmbeddedLab (t: Test, settings: Record<string, string> = {}): Promise<Lab> {
  const all = labSettings({
    STATE_DIR: t.testdir({}), LOG_FORMAT: 'json', AGENT_DELAY_MS: '20', ...await freePorts(), ...settings
  })
  const running = new Map<ServiceName, Server>()
  const lines: string[] = []

  const start = async (service: ServiceName) => {
    const { app, config } = await buildService(service, all, { write: line => { lines.push(line) } })
    running.set(service, app)
    await app.listen({ host: config.host, port: config.port })
  }
  const stop = async (service: ServiceName) => {
    await running.get(service)?.close()
    running.delete(service)
  }

  t.teardown(() => Promise.all([...running.keys()].map(stop)))
  for (const service of serviceNames) await start(service)
  return { tier: 'embedded', ...describeLab(all), start, stop, logs: async () => lines.join('') }
}
