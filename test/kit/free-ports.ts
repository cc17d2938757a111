import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** The settings that say where services listen. */
export const portSettings = ['APP_PORT', 'IDP_PORT', 'GENESYS_PORT', 'CONSOLE_PORT'] as const

// A machine with so few free ports has another trouble.
const maxAttempts = 1_000

/**
 * A value for each of them that no other process listens on now.
 *
 * @throws {Error} where there are none
 */
export async function freePorts (): Promise<Record<typeof portSettings[number], string>> {
  const free = new Set<number>()
  for (let attempt = 1; free.size < portSettings.length; attempt++) {
    if (attempt > maxAttempts) throw new Error('Between 20000 and 32000 no port is free.')
    // Below the ports that systems give to outgoing connections: one of those could take it before a service does.
    const port = randomInt(20_000, 32_000)
    if (await isFree(port)) free.add(port)
  }
  const ports = [...free]
  return Object.fromEntries(portSettings.map((name, index) => [name, String(ports[index])])) as Record<typeof portSettings[number], string>
}

function isFree (port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
