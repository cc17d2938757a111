import { setTimeout as pause } from 'node:timers/promises'
import type { ServerProcess } from './server-process.ts'

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

export const mebibytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1)
