import { flushCompileCache } from 'node:module'
import closeWithGrace from 'close-with-grace'
import { DataFileError } from '../settings/data-file.ts'
import { drain, drainMs, gracePeriodMs } from './graceful-close.ts'
import type { Server } from './http-server.ts'
import { StateError } from '../store/state-error.ts'
import { SettingsError, type ServerConfig } from '../settings/settings.ts'

// By then the first requests have loaded what they need.
const flushMs = 2_000
// For what a service does when its connections have ended.
const lastThingsMs = 1_500

/** A service that was built and does not listen yet. */
export interface Part {
  app: Server
  config: ServerConfig
}

/**
 * Run one service as a process: listen, and on SIGINT or SIGTERM finish what is under way and exit with 0.
 * A mistake in settings, data files or state is printed as it is, without a stack, and the process exits with 1.
 *
 * @param start builds what is to run; the apps listen in the order given
 * @param onReady called once all of them listen
 */
export async function serve (
  start: () => Promise<Part[]>,
  onReady?: (parts: Part[]) => void
): Promise<void> {
  try {
    const parts = await start()
    closeWithGrace({ delay: drainMs + parts.length * gracePeriodMs + lastThingsMs }, async ({ err }) => {
      if (err) parts[0]?.app.log.fatal({ err }, 'stopping after an error that nothing caught')
      else await Promise.all(parts.filter(({ config }) => config.trustedProxies.length > 0).map(({ app }) => drain(app.server)))
      for (const { app } of parts.toReversed()) await app.close()
    })
    for (const part of parts) await listen(part)
    onReady?.(parts)
    // Where there is a compile cache, Node writes it when it ends well, which a service seldom does.
    setTimeout(flushCompileCache, flushMs).unref()
  } catch (error) {
    const plain = [SettingsError, DataFileError, StateError].some(kind => error instanceof kind) || isPortTaken(error)
    console.error(plain ? (error as Error).message : error)
    process.exit(1)
  }
}

async function listen ({ app, config }: Part) {
  try {
    await app.listen({
      host: config.host,
      port: config.port,
      listenTextResolver: address => `listening at ${new URL(address).host}, ready at ${config.url}`
    })
  } catch (error) {
    if (isPortTaken(error)) {
      error.message = `${config.name} cannot start: port ${config.port} is taken. ` +
        'Set APP_PORT, IDP_PORT, GENESYS_PORT or CONSOLE_PORT to another one; the URLs follow.'
    }
    throw error
  }
}

const isPortTaken = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
