import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { ContainerStats } from 'dockerode'
import { DockerComposeEnvironment, getContainerRuntimeClient } from 'testcontainers'
import { fetch } from '#lib/outbound/outbound.ts'
import { runDocker } from '../../../test/helpers/compose-lab.ts'
import { describeLab, freePorts, labSettings, root, urlsOf, type LabDescription } from '../../../test/helpers/lab.ts'
import { until } from '../../../test/helpers/until.ts'

/** Of which processor time is counted: what takes part in a sign-in or a message. */
export const parts = ['relying-party', 'idp', 'genesys', 'valkey', 'caddy'] as const
export type Part = typeof parts[number]

/** What Valkey has done since it began, and what it holds. */
export interface ValkeyFigures {
  /** all of them, those inside of scripts too */
  commands: number
  scripts: number
  bytesIn: number
  bytesOut: number
  keys: number
  heldBytes: number
}

/** A lab in Compose, as users start it, on ports of its own. */
export interface LabInCompose extends LabDescription {
  /** milliseconds of processor time that the containers of each part have used so far; parts that it has not are left out */
  processorMs (): Promise<Partial<Record<Part, number>>>
  /** MiB that each container of each part holds, without what the system keeps of files */
  memoryMiB (): Promise<Partial<Record<Part, number[]>>>
  /** nothing where its store is SQLite */
  valkey (): ValkeyFigures | undefined
  stop (): Promise<void>
}

const startupTimeoutMs = 240_000
const ofServices = ['relying-party', 'idp', 'genesys'] as const

/**
 * Start it, and wait until every service answers.
 *
 * @param replicas of each service but the console, on one Valkey and behind Caddy; 0 for `compose.yaml` alone: one of each, on SQLite
 */
export async function startLabInCompose (replicas: number): Promise<LabInCompose> {
  const project = `lab-bench-${randomBytes(4).toString('hex')}`
  const ports = await freePorts()
  const files = ['compose.yaml', ...(replicas > 0 ? ['services/replicas.yaml'] : []), 'scripts/bench/scale/without-limits.yaml']
  const compose = await new DockerComposeEnvironment(root, files.map(file => join(...file.split('/'))))
    .withProjectName(project)
    .withEnvironment({ ...ports, REPLICAS: String(replicas), LOG_LEVEL: 'warn', LOG_FORMAT: 'json' })
    .withStartupTimeout(startupTimeoutMs)
    .up()
  const lab = describeLab(labSettings(ports))
  const ids = (part: Part) => Array.from({ length: part === 'valkey' || part === 'caddy' ? 1 : Math.max(1, replicas) },
    (_, index) => compose.getContainer(`${part}-${index + 1}`).getId())
  const { container: engine } = await getContainerRuntimeClient()
  const ofParts = async <Figure>(of: (stats: ContainerStats[]) => Figure) =>
    Object.fromEntries(await Promise.all((replicas > 0 ? parts : ofServices).map(async part =>
      [part, of(await Promise.all(ids(part).map(id => engine.getById(id).stats({ stream: false, 'one-shot': true }))))] as const)))

  await until('every service answers', async () =>
    (await Promise.all(Object.values(urlsOf(lab)).map(url => fetch(`${url}/readyz`)))).every(({ ok }) => ok), startupTimeoutMs)
  return {
    ...lab,
    processorMs: () => ofParts(containers => containers.reduce((sum, stats) => sum + stats.cpu_stats.cpu_usage.total_usage, 0) / 1e6),
    memoryMiB: () => ofParts(containers => containers.map(({ memory_stats: { usage, stats } }) => (usage - stats.inactive_file) / 1024 / 1024)),
    valkey: () => replicas > 0 ? figuresIn(runDocker('exec', ids('valkey')[0]!, 'valkey-cli', 'INFO', 'everything')) : undefined,
    async stop () {
      await compose.down({ removeVolumes: true })
      runDocker('image', 'rm', `${project}-lab`)
    }
  }
}

/** @see https://valkey.io/commands/info/ */
function figuresIn (info: string): ValkeyFigures {
  const number = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0)
  const calls = (name: string) => Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(info)?.[1] ?? 0)
  return {
    commands: [...info.matchAll(/^cmdstat_[^:]+:calls=(\d+)/gm)].reduce((sum, [, count]) => sum + Number(count), 0),
    scripts: calls('eval') + calls('evalsha'),
    bytesIn: number('total_net_input_bytes'),
    bytesOut: number('total_net_output_bytes'),
    keys: Number(/^db0:keys=(\d+)/m.exec(info)?.[1] ?? 0),
    heldBytes: number('used_memory')
  }
}
