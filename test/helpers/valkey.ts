import { Redis } from 'iovalkey'
import type { Test } from 'tap'
import { getContainerRuntimeClient, GenericContainer, Wait } from 'testcontainers'
import { findEngine } from '../kit/container-engine.ts'
import { freePorts } from './lab.ts'
import { until } from './until.ts'

const image = 'valkey/valkey:8'

/** A server of its own for a test. */
export interface ValkeyServer {
  url: string
  /** whoever looks into it, or does something to it, beside the stores */
  admin: Redis
  /** As by `kill -9`. */
  kill (): Promise<void>
  /** After `kill`: it has what it has written to its disk. */
  start (): Promise<void>
  /** Have it do nothing, and answer nothing, until `resume`. */
  pause (): Promise<void>
  resume (): Promise<void>
}

/** Why there can be no server, or nothing when there can. */
export async function noValkey (): Promise<string | undefined> {
  if (process.env['WITHOUT_CONTAINERS'] === 'true') return 'it is to be done without containers'
  try {
    const engine = await findEngine()
    return await engine.has(image) ? undefined : `the container engine at ${engine.where} has no image ${image}`
  } catch (error) {
    return (error as Error).message
  }
}

/**
 * Start a server, on the network of this machine: a container with one of its own disturbs browsers when it comes.
 *
 * @param args of `valkey-server`
 */
export async function startValkey (t: Test, ...args: string[]): Promise<ValkeyServer> {
  const { APP_PORT: port } = await freePorts()
  const started = await new GenericContainer(image)
    .withNetworkMode('host')
    .withCommand(['valkey-server', '--bind', '127.0.0.1', '--port', port, '--enable-debug-command', 'yes', '--save', '', ...args])
    .withWaitStrategy(Wait.forLogMessage('Ready to accept connections'))
    .start()
  t.teardown(() => started.stop({ remove: true }))
  const container = (await getContainerRuntimeClient()).container.getById(started.getId())
  const admin = new Redis({ host: '127.0.0.1', port: Number(port), retryStrategy: () => 25 })
  admin.on('error', () => { /* as long as it is away */ })
  t.teardown(() => admin.disconnect())
  return {
    url: `valkey://127.0.0.1:${port}`,
    admin,
    async kill () {
      await container.kill({ signal: 'SIGKILL' })
      await until('Valkey has ended', async () => !(await container.inspect()).State.Running)
    },
    async start () {
      await container.start()
      await until('Valkey answers', async () => await admin.ping() === 'PONG')
    },
    async pause () {
      await container.pause()
    },
    async resume () {
      await container.unpause()
    }
  }
}
