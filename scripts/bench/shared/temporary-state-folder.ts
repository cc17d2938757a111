import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerProcess } from './server-process.ts'

/** An empty state folder for a server under measurement. */
export function makeStateFolder (): string {
  return mkdtempSync(join(tmpdir(), 'bench-'))
}

/** The server, whose state folder goes when it is stopped. */
export function withStateFolder<Server extends ServerProcess> (server: Server, folder: string): Server {
  return {
    ...server,
    async stop () {
      await server.stop()
      rmSync(folder, { recursive: true })
    }
  }
}

/** Bytes of the files that lie in a folder. */
export function sizeOf (folder: string): number {
  return readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0)
}
