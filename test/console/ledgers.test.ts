import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { ledgerRoutesOf } from '#lib/ledger/ledger-routes.ts'
import { Ledger } from '#lib/ledger/ledger.ts'
import { fetch } from '#lib/outbound/outbound.ts'
import { buildConsole } from '../../services/console/app.ts'
import { Journeys } from '../../services/console/journeys/journeys.ts'
import { Ledgers } from '../../services/console/ledgers/ledgers.ts'
import { loadConsoleConfig } from '../../services/console/config.ts'
import { freePorts, labSettings } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'

/** A service that has a ledger, and nothing else; each start is another process of it. */
class LedgerService {
  readonly #port: number
  #server: FastifyInstance | undefined
  ledger = new Ledger()

  constructor (port: string) {
    this.#port = Number(port)
  }

  async start (ledger = new Ledger()): Promise<void> {
    this.ledger = ledger
    this.#server = Fastify({ forceCloseConnections: true })
    await this.#server.register(ledgerRoutesOf(() => this.ledger))
    await this.#server.listen({ port: this.#port, host: '127.0.0.1' })
  }

  async stop (): Promise<void> {
    await this.#server?.close()
  }

  record (endpoint: string): void {
    this.ledger.record({
      time: new Date().toISOString(),
      from: 'browser',
      to: 'idp',
      method: 'GET',
      endpoint,
      path: `/${endpoint}`,
      parameters: {},
      status: 200,
      answer: {},
      links: ['the session of one browser'],
      faults: [],
      violations: [],
      durationMs: 1
    })
  }
}

/** A provider's ledger, and the console's journeys that are read from it. Nobody is where the others should be. */
async function follow (t: Test) {
  const { IDP_PORT: port, APP_PORT: nobody } = await freePorts()
  const service = new LedgerService(port)
  await service.start()
  const journeys = new Journeys()
  const missing = `http://127.0.0.1:${nobody}`
  const ledgers = new Ledgers({ idp: `http://127.0.0.1:${port}`, 'relying-party': missing, genesys: missing }, journeys)
  t.teardown(async () => {
    ledgers.close()
    await service.stop()
  })
  const endpoints = () => journeys.all.flatMap(({ messages }) => messages).map(({ endpoint }) => endpoint)
  const hasRead = (...expected: string[]) => until(`the console has ${expected}`, () => endpoints().join() === expected.join())
  return { service, journeys, ledgers, endpoints, hasRead }
}

t.test('what a service records after a restart stands beside what it recorded before, though it counts from one again', async t => {
  const { service, journeys, hasRead } = await follow(t)
  service.record('before-1')
  await hasRead('before-1')
  await service.stop()
  await service.start()
  service.record('after-1')
  await hasRead('before-1', 'after-1')
  const keys = journeys.all.flatMap(({ messages }) => messages.map(({ key }) => key))
  t.equal(new Set(keys).size, 2, `each has a key of its own: ${keys}`)
})

t.test('nothing is lost of a service that has come further since its restart than it was before', async t => {
  const { service, hasRead } = await follow(t)
  service.record('before-1')
  await hasRead('before-1')
  await service.stop()
  const ledger = new Ledger()
  service.ledger = ledger
  for (const endpoint of ['after-1', 'after-2', 'after-3']) service.record(endpoint)
  await service.start(ledger)
  await hasRead('before-1', 'after-1', 'after-2', 'after-3')
})

t.test('a connection that breaks loses nothing, and doubles nothing', async t => {
  const { service, ledgers, hasRead } = await follow(t)
  const { ledger } = service
  service.record('one')
  await hasRead('one')
  await service.stop()
  await until('it is not reached', () => !ledgers.reached.idp)
  service.record('two')
  await service.start(ledger)
  service.record('three')
  await hasRead('one', 'two', 'three')
  t.equal(ledgers.reached.idp, true)
})

t.test('what a ledger was told to forget is forgotten', async t => {
  const { service, hasRead } = await follow(t)
  service.record('one')
  await hasRead('one')
  service.ledger.clear()
  service.record('two')
  await hasRead('two')
})

/** A provider's ledger, and the console that reads it, with nobody else there. */
async function startConsole (t: Test) {
  const ports = await freePorts()
  const service = new LedgerService(ports.IDP_PORT)
  await service.start()
  const console = await buildConsole(loadConsoleConfig(labSettings({ ...ports, LOG_LEVEL: 'silent' })))
  t.teardown(async () => {
    await console.close()
    await service.stop()
  })
  const ask = (method: 'GET' | 'DELETE', url: string) => console.inject({ method, url, headers: { host: `lab.localhost:${ports.CONSOLE_PORT}` } })
  return { service, ports, ask }
}

t.test('DELETE /journeys has every service forget that is reached, and says which', async t => {
  const { service, ports, ask } = await startConsole(t)
  service.record('one')
  await until('the console has it', async () => (await ask('GET', '/journeys')).json().journeys.length === 1)
  t.strictSame((await ask('DELETE', '/journeys')).json(), { cleared: { 'relying-party': false, idp: true, genesys: false } })
  t.strictSame((await ask('GET', '/journeys')).json().journeys, [])
  const left = await fetch(`http://127.0.0.1:${ports.IDP_PORT}/lab/ledger`)
  t.equal((await left.json() as { count: number }).count, 0)
})

t.test('the messages of a long journey come in parts, a line each, and all of them once in their order', async t => {
  const { service, ask } = await startConsole(t)
  const endpoints = Array.from({ length: 130 }, (_, index) => `number-${index}`)
  for (const endpoint of endpoints) service.record(endpoint)
  const journeys = async () => (await ask('GET', '/journeys')).json().journeys as { id: string, messages: number }[]
  await until('the console has them', async () => (await journeys())[0]?.messages === endpoints.length)
  const { headers, body } = await ask('GET', `/journeys/${(await journeys())[0]!.id}/messages`)
  t.equal(headers['content-type'], 'application/x-ndjson')
  const parts = body.trimEnd().split('\n').map(line => JSON.parse(line) as { endpoint: string }[])
  t.ok(parts.length > 1)
  t.strictSame(parts.flat().map(({ endpoint }) => endpoint), endpoints)
})
