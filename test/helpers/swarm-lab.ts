import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Test } from 'tap'
import { getContainerRuntimeClient } from 'testcontainers'
import { runDocker, runDockerBeside } from './compose-lab.ts'
import { buildLabImage } from './lab-image.ts'
import { describeLab, freePorts, labSettings, root, type LabDescription } from './lab.ts'
import { until } from './until.ts'

/** The lab in a swarm of one machine. */
export interface SwarmLab extends LabDescription {
  /** replace all replicas of a service as `docker service update` does, one after the other */
  replace (service: string): Promise<void>
}

// Where others use the processors.
const patienceMs = 240_000

// Valkey, Caddy, the console; and the relying party, the provider, Genesys.
const ofOne = 3
const ofSeveral = 3

/** Make this machine's engine a swarm until the test ends. Returns why it cannot be one, if it cannot; it leaves alone one that it is. */
export function makeSwarm (t: Test): string | undefined {
  if (runDocker('info', '--format', '{{.Swarm.LocalNodeState}}') !== 'inactive') return 'this Docker engine belongs to a swarm already'
  const { status, stderr } = spawnSync('docker', ['swarm', 'init', '--advertise-addr', '127.0.0.1'], { encoding: 'utf8' })
  if (status !== 0) return `this Docker engine cannot be a swarm: ${stderr.trim()}`
  t.teardown(() => runDocker('swarm', 'leave', '--force'))
  return undefined
}

/**
 * Deploy `services/stack.yaml` as it is, on free ports, with an image and volumes of its own; it ends with the test.
 *
 * @param replicas how many there are of each service but the console
 */
export async function startSwarmLab (t: Test, replicas: number): Promise<SwarmLab> {
  const ports = await freePorts()
  const image = buildLabImage(t)
  const stack = `lab-test-${randomBytes(4).toString('hex')}`
  const { dockerode: engine } = (await getContainerRuntimeClient()).container
  const filters = { label: [`com.docker.stack.namespace=${stack}`] }
  t.teardown(async () => {
    runDocker('stack', 'rm', stack)
    const left = async () => [...await engine.listContainers({ all: true, filters }), ...await engine.listNetworks({ filters })]
    await until('its containers and its network are gone', async () => (await left()).length === 0, patienceMs)
    await engine.pruneVolumes({ filters: { ...filters, all: ['true'] } })
  })
  const { status, stderr } = spawnSync('docker', ['stack', 'deploy', '--resolve-image', 'never', '--compose-file', join(root, 'services', 'stack.yaml'), stack], {
    encoding: 'utf8', env: { ...process.env, ...ports, LAB_IMAGE: image, REPLICAS: String(replicas) }
  })
  if (status !== 0) throw new Error(`the stack cannot be deployed: ${stderr}`)
  await until('all replicas are healthy', async () => {
    const tasks = await engine.listTasks({ filters: { ...filters, 'desired-state': ['running'] } }) as { Status: { State: string } }[]
    return tasks.length === ofOne + ofSeveral * replicas && tasks.every(({ Status }) => Status.State === 'running')
  }, patienceMs)

  return {
    ...describeLab(labSettings(ports)),
    async replace (name) {
      await runDockerBeside(['service', 'update', '--force', '--detach', `${stack}_${name}`])
      const service = engine.getService(`${stack}_${name}`)
      let update: { State: string, Message: string } | undefined
      await until(`all replicas of ${name} are replaced`, async () => {
        update = (await service.inspect() as { UpdateStatus?: typeof update }).UpdateStatus
        return update !== undefined && update.State !== 'updating'
      }, patienceMs)
      if (update?.State !== 'completed') throw new Error(`${name} was not replaced: ${update?.Message}`)
    }
  }
}
