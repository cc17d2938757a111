// The lab as a process of its own, as `startLab` starts it: settings come as a message, and so does the word that it is ready.
// It ends with whoever started it, however that ends: the channel between them is closed by the system.
import { rm } from 'node:fs/promises'
import type { Part } from '#lib/server/serve.ts'
import { addressesOf, commonSettings, loadSettings, type Addresses } from '#lib/settings/settings.ts'
import { buildService, type ServiceName } from '../../services/embedded/app.ts'
import { freePorts } from './free-ports.ts'

/** What the process is told first. */
export interface LabOrder {
  services: ServiceName[]
  settings: Record<string, string>
  /** settings of ports that are to be these, and no others */
  ports: Record<string, string>
  /** removed when it ends */
  stateFolder: string
}

/** What the process says: where the lab is, or why it could not be started. */
export type LabReport = { ready: Addresses } | { failed: string }

const attempts = 20
// A service has no more time than this to end what is under way: whoever waited for it is gone.
const endMs = 1_000

let running: Part[] = []
let folder: string | undefined

process.once('message', (order: LabOrder) => {
  folder = order.stateFolder
  start(order).then(
    addresses => process.send?.({ ready: addresses } satisfies LabReport),
    (error: unknown) => {
      process.send?.({ failed: error instanceof Error ? error.message : String(error) } satisfies LabReport)
      return end()
    }
  )
})
process.once('disconnect', end)
// A terminal's Ctrl-C reaches the whole group of processes; the one that started this one says when it is to end.
process.on('SIGINT', () => {})
process.once('SIGTERM', end)

async function start ({ services, settings, ports }: LabOrder): Promise<Addresses> {
  for (let attempt = 1; ; attempt++) {
    const env = { ...settings, ...await freePorts(), ...ports }
    try {
      running = await Promise.all(services.map(name => buildService(name, env)))
      for (const { app, config: { host, port } } of running) await app.listen({ host, port })
      return addressesOf(loadSettings('the lab', commonSettings, env))
    } catch (error) {
      await close()
      // Optimistic: a port was free when it was looked at, and another process may have taken it since.
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempt === attempts) throw error
    }
  }
}

async function close () {
  await Promise.all(running.map(({ app }) => app.close()))
  running = []
}

async function end () {
  setTimeout(exit, endMs).unref()
  await close()
  await exit()
}

async function exit () {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  process.exit(0)
}
