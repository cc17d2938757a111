import type { Test } from 'tap'
import { describeLab, freePorts, labSettings, type LabDescription } from './lab.ts'
import { Replica, startReplicas } from './replica.ts'
import { RoundRobin } from './round-robin.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'

const replicated = ['idp', 'genesys', 'relying-party'] as const
const count = 3

/** The lab without its console: three processes of each service on one store, and what gives each request to the next of them. */
export interface ReplicatedLab extends LabDescription {
  replicas: Replica[]
  proxy: RoundRobin
  /** End a replica as `kill -9` does. It is started again, as an engine does, which nobody waits for. */
  kill (replica: Replica): Promise<void>
  /** Wait until of each service two replicas are ready: one may be killed then. */
  canLoseOne (): Promise<void>
  /** Wait until all replicas run and are ready. */
  isWhole (): Promise<void>
  log: string[]
}

/** Start it; it ends with the test. */
export async function startReplicatedLab (t: Test, storeUrl: string, others: Record<string, string> = {}): Promise<ReplicatedLab> {
  const ports = await freePorts()
  const settings = labSettings({
    ...ports, STORE_URL: storeUrl, STATE_DIR: temporaryFolder(t), LOG_FORMAT: 'json', GENESYS_RATE_LIMITS: 'off', AGENT: 'desk', ...others
  })
  const lab = describeLab(settings)
  const addresses = { APP_URL: lab.app, IDP_ISSUER: lab.issuer, GENESYS_URL: lab.genesys, CONSOLE_URL: lab.console }
  const log: string[] = []
  const proxy = new RoundRobin()
  const ofServices = await Promise.all(replicated.map(service => startReplicas(t, service, count, { ...settings, ...addresses }, log)))
  for (const [index, port] of [ports.IDP_PORT, ports.GENESYS_PORT, ports.APP_PORT].entries()) {
    await proxy.serve(t, Number(port), ofServices[index]!)
  }
  const replicas = ofServices.flat()
  const starting = new Set<Promise<void>>()
  const whole = {
    ...lab,
    replicas,
    proxy,
    log,
    async kill (replica: Replica) {
      await replica.kill()
      const start = replica.start().finally(() => starting.delete(start))
      starting.add(start)
      start.catch(() => { /* whoever waits for it is told */ })
    },
    async canLoseOne () {
      await until('of each service two replicas are ready', async () =>
        (await Promise.all(ofServices.map(async replicas => {
          const readiness = await Promise.allSettled(replicas.map(replica => replica.readiness()))
          return readiness.filter(result => result.status === 'fulfilled' && result.value.status === 200).length
        }))).every(count => count >= 2), 60_000)
    },
    async isWhole () {
      await Promise.all(starting)
      await until('all replicas are ready', async () =>
        (await Promise.all(replicas.map(replica => replica.readiness()))).every(({ status }) => status === 200), 60_000)
    }
  }
  await whole.isWhole()
  return whole
}
