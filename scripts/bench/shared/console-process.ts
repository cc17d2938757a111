import { join } from 'node:path'
import { nodeOptionsOf, startServer, type ServerProcess } from './server-process.ts'

/**
 * Start `services/console/server.ts` of a checkout. It follows the ledgers of the services that these settings name, as far as they run.
 */
export async function startConsole (checkout: string, settings: Record<string, string>): Promise<ServerProcess> {
  return startServer(join(checkout, 'services/console/server.ts'), Number(settings['CONSOLE_PORT']), { ...settings, ...nodeOptionsOf(checkout) })
}
