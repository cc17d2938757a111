import { setTimeout as pause } from 'node:timers/promises'
import type { ServerProcess } from './server-process.ts'
import { table } from './statistics.ts'

/** What a server holds, after garbage was collected. */
export interface Look {
  residentBytes: number
  /** JavaScript objects that are in use */
  heapBytes: number
  /** files of its state folder; nothing where it has none */
  storedBytes: number | undefined
}

/** A server that may keep something in files. */
export interface KeepingServer extends ServerProcess {
  /** size of what it keeps in files; nothing where it keeps none */
  storedBytes (): number | undefined
}

const settlingMilliseconds = 1_000

/** Resident memory in bytes, the lowest of a few looks: pages go back to the system some time after a collection. */
export async function settledMemory (server: ServerProcess): Promise<number> {
  const looks: number[] = []
  for (let look = 0; look < 3; look++) {
    await pause(settlingMilliseconds)
    looks.push((await server.usage({ collectGarbage: true })).residentBytes)
  }
  return Math.min(...looks)
}

/** Look at what a server holds now. */
export async function lookAt (server: KeepingServer): Promise<Look> {
  const residentBytes = await settledMemory(server)
  const { heapBytes } = await server.usage({ collectGarbage: true })
  return { residentBytes, heapBytes, storedBytes: server.storedBytes() }
}

/** What servers held after so many sign-ins, for people. */
export function tableOfLooks (servers: readonly { label: string, looks: readonly Look[] }[], signIns: readonly number[]): string {
  const rows = (what: string, of: (look: Look) => number | undefined) => servers
    .filter(({ looks }) => looks.every(look => of(look) !== undefined))
    .map(({ label, looks }) => [`${what}, ${label}`, ...looks.map(look => mebibytes(of(look)!))])
  return table([
    ['MiB after so many sign-ins', ...signIns.map(count => count.toLocaleString('en'))],
    ...rows('resident', look => look.residentBytes),
    ...rows('heap in use', look => look.heapBytes),
    ...rows('files', look => look.storedBytes)
  ])
}

export const mebibytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1)
