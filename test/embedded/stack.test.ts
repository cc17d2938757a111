// services/stack.yaml says what Compose's files say as well, which a swarm cannot read.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load, YAML11_SCHEMA } from 'js-yaml'
import t from 'tap'
import { root } from '../helpers/lab.ts'

interface Service {
  environment?: Record<string, string>
  mem_limit?: string
  pids_limit?: number
  ports?: (string | { published: string })[]
  deploy?: { replicas?: string, resources?: { limits: { memory: string, pids: number } } }
  [key: string]: unknown
}

// Compose's own tags say how files are laid over each other.
const withoutTags = (yaml: string) => yaml.replaceAll(/!(?:reset|override) /g, '')
const servicesIn = (file: string) => (load(withoutTags(readFileSync(join(root, file), 'utf8')), { schema: YAML11_SCHEMA }) as { services: Record<string, Service> }).services

const [base, replicas, stack] = [servicesIn('compose.yaml'), servicesIn('services/replicas.yaml'), servicesIn('services/stack.yaml')]

// Of the folder that Compose is started in.
const ofCompose = ['CHECKOUT', 'COMPOSE_PROJECT_NAME']

/** What has to be the same, in the words of either. */
function essenceOf ({ environment = {}, mem_limit: memory, pids_limit: pids, deploy, ports = [], ...service }: Service) {
  const { command, healthcheck, init, read_only: readOnly, cap_drop: capDrop, cap_add: capAdd } = service
  const limits = deploy?.resources?.limits
  return {
    command,
    init,
    readOnly,
    capDrop,
    capAdd,
    check: (healthcheck as { test: string[] } | undefined)?.test,
    aliases: (service['networks'] as { default?: { aliases: string[] } } | undefined)?.default?.aliases,
    memory: (memory ?? limits?.memory)?.toLowerCase(),
    pids: pids ?? limits?.pids,
    replicas: deploy?.replicas,
    // Of all addresses in a swarm, which knows no other way.
    ports: ports.map(port => typeof port === 'string' ? port.replace(/^127\.0\.0\.1:(.*):\1$/, '$1') : port.published),
    environment: Object.fromEntries(Object.entries(environment)
      .filter(([name]) => !ofCompose.includes(name))
      // Docker's own command reads no default within a default.
      .map(([name, value]) => [name, String(value).replace(/\$\{[a-z_]+:-\}/, '')]))
  }
}

t.test('a swarm runs the services of Compose with several replicas, and nothing else', async t => {
  t.strictSame(Object.keys(stack).sort(), Object.keys({ ...base, ...replicas }).sort())
})

for (const [name, service] of Object.entries(stack)) {
  t.test(`${name} is in a swarm what it is in Compose`, async t => {
    const { environment, ...laidOver } = replicas[name]!
    const composed = { ...base[name], ...laidOver, environment: { ...base[name]?.environment, ...environment } }
    t.strictSame(essenceOf(service), essenceOf(composed))
  })
}
