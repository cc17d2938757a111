import { setTimeout as pause } from 'node:timers/promises'
import type { ServerProcess } from './server-process.ts'
import { table } from './statistics.ts'

/** What a server holds, after garbage was collected. */
export interface MemorySample {
  residentBytes: number
  /** JavaScript objects that are in use */
  heapBytes: number
  /** files of its state folder; nothing where it has none */
  storedBytes: number | undefined
}

/** A server that may keep something in files. */
export interface StatefulServer extends ServerProcess {
  /** size of what it keeps in files; nothing where it keeps none */
  storedBytes (): number | undefined
}

const settleMs = 1_000

/** Resident memory in bytes, the lowest of a few samples: pages go back to the system some time after a collection. */
export async function settledMemory (server: ServerProcess): Promise<number> {
  const samples: number[] = []
  for (let sample = 0; sample < 3; sample++) {
    await pause(settleMs)
    samples.push((await server.usage({ collectGarbage: true })).residentBytes)
  }
  return Math.min(...samples)
}

/** What a server holds now. */
export async function sampleMemory (server: StatefulServer): Promise<MemorySample> {
  const residentBytes = await settledMemory(server)
  const { heapBytes } = await server.usage({ collectGarbage: true })
  return { residentBytes, heapBytes, storedBytes: server.storedBytes() }
}

/** What servers held after so many sign-ins, for people. */
export function memoryTable (servers: readonly { label: string, memory: readonly MemorySample[] }[], signIns: readonly number[]): string {
  const rows = (what: string, of: (sample: MemorySample) => number | undefined) => servers
    .filter(({ memory }) => memory.every(sample => of(sample) !== undefined))
    .map(({ label, memory }) => [`${what}, ${label}`, ...memory.map(sample => mebibytes(of(sample)!))])
  return table([
    ['MiB after so many sign-ins', ...signIns.map(count => count.toLocaleString('en'))],
    ...rows('resident', sample => sample.residentBytes),
    ...rows('heap in use', sample => sample.heapBytes),
    ...rows('files', sample => sample.storedBytes)
  ])
}

export const mebibytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1)
