import type { Addresses } from './addresses.ts'
import { findEngine, findEngineWith } from './container-engine.ts'

/** The lab in a container. */
export interface LabInContainer {
  addresses: Addresses
  /** what it has logged so far: warnings and worse, where `settings` does not say otherwise */
  logs: () => string
  stop: () => Promise<void>
}

// Enough of a log to see what went wrong.
const maxLogLength = 100_000

/** Why the lab cannot run in a container at once, or nothing when it can. */
export async function obstacleToContainer (image: string): Promise<string | undefined> {
  if (!hasTestcontainers()) return 'testcontainers is not installed'
  try {
    const engine = await findEngine()
    return await engine.has(image) ? undefined : `the container engine at ${engine.where} has no image ${image}`
  } catch (error) {
    return (error as Error).message
  }
}

/**
 * Start the lab in a container.
 *
 * @throws {Error} where it cannot be; within a second where no engine answers
 */
export async function startContainer (image: string, settings: Record<string, string>): Promise<LabInContainer> {
  if (!hasTestcontainers()) throw new Error('The lab cannot run in a container: testcontainers is not installed (npm install --save-dev testcontainers).')
  // First, as it takes longer to load testcontainers.
  await findEngineWith(image)
  const { OidcLabContainer } = await import('./containers.ts')
  const container = await new OidcLabContainer(image).withEnvironment(settings).start()
  let log = ''
  const lines = await container.logs()
  lines.on('data', (text: string) => { log = (log + text).slice(-maxLogLength) })
  return { addresses: container.addresses, logs: () => log, stop: async () => { await container.stop() } }
}

/** It is an optional peer. */
function hasTestcontainers (): boolean {
  try {
    import.meta.resolve('testcontainers')
    return true
  } catch {
    return false
  }
}
