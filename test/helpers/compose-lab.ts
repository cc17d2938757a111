import { execFile, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { promisify } from 'node:util'
import type { ContainerInspectInfo } from 'dockerode'
import type { Test } from 'tap'
import { DockerComposeEnvironment, getContainerRuntimeClient } from 'testcontainers'
import { fetch } from '#lib/outbound/outbound.ts'
import { serviceNames, type ServiceName } from '../../services/embedded/app.ts'
import { describeLab, freePorts, labSettings, root, urlsOf, type Lab } from './lab.ts'
import { until } from './until.ts'

/** The lab in Compose, with a look at its containers. */
export interface ComposeLab extends Lab {
  inspect (service: ServiceName): Promise<ContainerInspectInfo>
  /** the name of the image that it has built */
  image: string
  /** what Compose is told, beside files, for this lab */
  environment: Record<string, string>
  /** its files, as arguments of `docker compose` */
  files: string[]
}

/** Start `compose.yaml` as it is, on free ports, with an image and volumes of its own; it ends with the test. */
export async function startComposeLab (t: Test): Promise<ComposeLab> {
  const ports = await freePorts()
  return await start(t, ['compose.yaml'], ports, ports)
}

/**
 * The same behind TLS, on a free port: with `services/tls.yaml`. This process trusts Caddy's authority from then on.
 *
 * @param options.replicas how many there are of each service but the console: with `services/replicas.yaml` too
 */
export async function startComposeLabBehindTls (t: Test, { replicas }: { replicas?: number } = {}): Promise<ComposeLab> {
  const { APP_PORT: port } = await freePorts()
  const at = (host: string) => `https://${host}.localhost:${port}`
  const overlays = [...replicas === undefined ? [] : ['replicas.yaml'], 'tls.yaml'].map(file => join('services', file))
  const environment = { HTTPS_PORT: port, ...replicas !== undefined && { REPLICAS: String(replicas) } }
  const lab = await start(t, ['compose.yaml', ...overlays], environment, {
    APP_URL: at('app'), IDP_ISSUER: at('idp'), GENESYS_URL: at('genesys'), CONSOLE_URL: at('lab')
  }, replicas)
  const authority = runDocker('compose', '-p', lab.environment['COMPOSE_PROJECT_NAME']!, 'exec', '-T', 'caddy', 'cat', '/authority/root.crt')
  setDefaultCACertificates([...getCACertificates('default'), authority])
  return lab
}

/** The same with three replicas of each service but the console, on one store: with `services/replicas.yaml`. */
export async function startComposeLabOfReplicas (t: Test): Promise<ComposeLab> {
  const ports = await freePorts()
  const lab = await start(t, ['compose.yaml', join('services', 'replicas.yaml')], ports, ports, 3)
  await until('every service answers through Caddy', async () =>
    (await Promise.all(Object.values(urlsOf(lab)).map(url => fetch(`${url}/livez`)))).every(({ ok }) => ok), startupTimeoutMs)
  return lab
}

// Where others use the processors.
const startupTimeoutMs = 240_000

async function start (t: Test, files: string[], environment: Record<string, string>, settings: Record<string, string>, replicas = 1): Promise<ComposeLab> {
  const project = `lab-test-${randomBytes(4).toString('hex')}`
  const image = `${project}-lab`
  const compose = await new DockerComposeEnvironment(root, files)
    .withProjectName(project)
    .withEnvironment({ ...environment, LOG_FORMAT: 'json' })
    .withStartupTimeout(startupTimeoutMs)
    .up()
  t.teardown(async () => {
    await compose.down({ removeVolumes: true })
    runDocker('image', 'rm', image)
  })

  const lab = describeLab(labSettings(settings))
  const urls = urlsOf(lab)
  const { container: runtime } = await getContainerRuntimeClient()
  const containersOf = (service: ServiceName) => Array.from({ length: service === 'console' ? 1 : replicas }, (_, index) =>
    runtime.getById(compose.getContainer(`${service}-${index + 1}`).getId()))

  return {
    tier: 'compose',
    ...lab,
    image,
    environment: { ...environment, LOG_FORMAT: 'json', COMPOSE_PROJECT_NAME: project },
    files: files.flatMap(file => ['-f', file]),
    inspect: service => containersOf(service)[0]!.inspect(),
    async stop (service) {
      await Promise.all(containersOf(service).map(container => container.stop()))
    },
    async isolate () {},
    async kill (service) {
      await Promise.all(containersOf(service).map(async container => {
        await container.kill({ signal: 'SIGKILL' })
        // The engine says so before the container has ended.
        await until(`${service} has ended`, async () => !(await container.inspect()).State.Running)
      }))
    },
    async start (service) {
      const containers = containersOf(service)
      await Promise.all(containers.map(container => container.start()))
      // Caddy asks each in turn, and may still know addresses that they had before.
      await until(`every replica of ${service} answers`, async () => {
        const replicas = new Set<string | null>()
        for (let times = 0; times < containers.length; times++) {
          const { ok, headers } = await fetch(`${urls[service]}/livez`)
          if (ok) replicas.add(headers.get('x-replica'))
        }
        return replicas.size === containers.length
      }, startupTimeoutMs)
    },
    async logs () {
      const logs = await Promise.all(serviceNames.flatMap(containersOf).map(container =>
        container.logs({ stdout: true, stderr: true, follow: false, timestamps: true })))
      // In the order of the engine's clock: that of the lab may be moved.
      const lines = logs.flatMap(log => String(log).split('\n')).map(line => ({ line, time: timeOf(line) }))
      return lines.sort((a, b) => a.time < b.time ? -1 : 1).map(({ line }) => line).join('\n')
    }
  }
}

/** The time in front of a line, RFC 3339 in nanoseconds. */
const timeOf = (line: string) => /\d{4}-\d{2}-\d{2}T[\d:.]+/.exec(line)?.[0] ?? ''

/** Run the `docker` command while this process goes on, with these variables beside its own; returns what it has printed. */
export async function runDockerBeside (args: string[], env: Record<string, string> = {}): Promise<string> {
  return (await promisify(execFile)('docker', args, { cwd: root, env: { ...process.env, ...env } })).stdout.trim()
}

/** Run the `docker` command; returns what it has printed. */
export function runDocker (...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('docker', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`)
  return stdout.trim()
}

// An address of IPv6 is tried out for up to two seconds before it counts.
const quietFor = 5_000

/**
 * Wait until no network interface has come or gone for a while: Chromium gives up what it loads when one does, and a
 * container that starts brings one.
 */
export async function networkIsQuiet (): Promise<void> {
  let last = ''
  let since = Date.now()
  await until('the network is quiet', () => {
    const now = JSON.stringify(networkInterfaces())
    if (now !== last) since = Date.now()
    last = now
    return Date.now() - since > quietFor
  }, 60_000)
}

/** Why Compose cannot be used on this machine, or nothing when it can. */
export async function noCompose (): Promise<string | undefined> {
  try {
    await getContainerRuntimeClient()
  } catch {
    return 'no Docker engine answers'
  }
  const { status, error } = spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' })
  if (error) return 'this machine does not have the docker command'
  return status === 0 ? undefined : 'the docker command has no compose plugin'
}
