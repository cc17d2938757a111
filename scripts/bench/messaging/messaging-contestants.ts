import { join } from 'node:path'
import { openStore } from '#lib/store/open-store.ts'
import { Jwts } from '../../../services/genesys/auth/jwt.ts'
import { Tokens } from '../../../services/genesys/auth/tokens.ts'
import { loadGenesysConfig } from '../../../services/genesys/config.ts'
import { freePorts, labSettings, root } from '../../../test/helpers/lab.ts'
import { startConsole } from '../shared/console-process.ts'
import { nodeOptionsOf, startServer, type LedgerUse, type ServerProcess } from '../shared/server-process.ts'
import { makeStateFolder, withStateFolder } from '../shared/temporary-state-folder.ts'
import { connectGuests, echoedText, type BenchGuest } from './bench-guests.ts'

const historyPageSize = 100

/** A server under measurement, with guests to talk to it. */
export interface MessagingServer extends ServerProcess {
  /** guests whose sessions are configured; for the echo server, guests whose sockets are open */
  connect (count: number): Promise<BenchGuest[]>
  /** the console, where it follows what is recorded */
  follower?: ServerProcess | undefined
}

/** The stand-in's own server, with what it has kept. */
export interface GenesysServer extends MessagingServer {
  /** what was written in a guest's conversation, oldest first */
  history (guest: BenchGuest): Promise<string[]>
}

/**
 * Start `services/genesys/server.ts` with an empty state folder of its own, its store as durable as ever, without rate
 * limits and with nobody who answers.
 *
 * The guests' tokens are issued before that through a second door to its store, as another replica has it: this measures
 * messaging, not sign-in. Each guest is another person, verified.
 *
 * @param guests how many will ever be connected
 * @param options.checkout whose code it is
 * @param options.ledger whether it has none, one that nobody reads, or one that the console follows
 */
export async function startGenesysServer (
  guests: number, { checkout = root, ledger = 'unread' }: { checkout?: string, ledger?: LedgerUse } = {}
): Promise<GenesysServer> {
  const folder = makeStateFolder()
  const ports = await freePorts()
  const settings = labSettings({
    ...ports, STATE_DIR: folder, LOG_LEVEL: 'warn', LOG_FORMAT: 'json', GENESYS_RATE_LIMITS: 'off', AGENT: 'desk'
  })
  const config = loadGenesysConfig(settings)
  const deploymentId = settings['GENESYS_DEPLOYMENT_ID']!
  const jwts = await issueTokens(config, deploymentId, guests)
  const server = await startServer(join(checkout, 'services/genesys/server.ts'), config.port, { ...settings, ...nodeOptionsOf(checkout, ledger) })
  const follower = ledger === 'followed' ? await startConsole(checkout, settings) : undefined
  const address = `127.0.0.1:${config.port}`

  return withStateFolder({
    ...server,
    follower,
    async stop () {
      await Promise.all([server.stop(), follower?.stop()])
    },
    async connect (count: number) {
      const url = `ws://${address}/v1?deploymentId=${deploymentId}`
      const connected = await connectGuests(count, url, `http://app.localhost:${ports.APP_PORT}`, echoedText)
      await Promise.all(connected.map(async guest => {
        const answer = await guest.request('configureAuthenticatedSession', { deploymentId, data: { code: jwts.pop() } })
        if (answer.class !== 'SessionResponse') throw new Error(`a guest was not let in: ${JSON.stringify(answer)}`)
      }))
      return connected
    },
    async history (guest: BenchGuest) {
      const { body } = await guest.request('getJwt')
      const texts: string[] = []
      for (let page = 1, pages = 1; page <= pages; page++) {
        const response = await fetch(`http://${address}/api/v2/webmessaging/messages?pageNumber=${page}&pageSize=${historyPageSize}`, {
          headers: { authorization: `bearer ${body?.jwt}` }
        })
        const { entities, pageCount } = await response.json() as { entities: { text?: string }[], pageCount: number }
        texts.push(...entities.map(({ text }) => text ?? ''))
        pages = pageCount
      }
      return texts.reverse()
    }
  }, folder)
}

async function issueTokens (config: ReturnType<typeof loadGenesysConfig>, deploymentId: string, count: number): Promise<string[]> {
  const store = await openStore(config)
  const tokens = new Tokens(store, await Jwts.open(store.secrets, config.url))
  const since = new Date().toISOString()
  const issued = await Promise.all(Array.from({ length: count }, (_, guest) => tokens.issue({
    deploymentId,
    identity: { sub: `guest-${guest}`, iss: config.issuer, since, name: `Guest ${guest}`, given_name: 'Guest', family_name: String(guest) }
  })))
  await store.close()
  return issued.map(({ jwt }) => jwt)
}

/** Start the bare `ws` server, to which the same guests send the same frames. */
export async function startEchoServer (): Promise<MessagingServer> {
  const { GENESYS_PORT: port } = await freePorts()
  const server = await startServer(join(import.meta.dirname, '../shared/echo-server.ts'), Number(port), { PORT: port })
  return { ...server, connect: count => connectEchoed(count, port) }
}

/** Start the bare `ws` server that commits each message to SQLite first. */
export async function startDurableEchoServer (): Promise<MessagingServer> {
  const folder = makeStateFolder()
  const { GENESYS_PORT: port } = await freePorts()
  const server = await startServer(join(import.meta.dirname, 'durable-echo-server.ts'), Number(port), { PORT: port, STATE_DIR: folder })
  return withStateFolder({ ...server, connect: (count: number) => connectEchoed(count, port) }, folder)
}

const connectEchoed = (count: number, port: string) =>
  connectGuests(count, `ws://127.0.0.1:${port}`, 'http://app.localhost', ({ message }) => message?.text)
