import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStateFolder } from '#lib/state-folder.ts'
import { openStore } from '#lib/store.ts'
import { loadGenesysConfig } from '../../services/genesys/config.ts'
import { openJwts } from '../../services/genesys/auth/jwt.ts'
import { openTokens } from '../../services/genesys/auth/tokens.ts'
import { freePorts, labSettings, root } from '../../test/helpers/lab.ts'
import { connectGuests, type BenchGuest, type Frame } from './guests.ts'
import { startServer, type ServerProcess } from './server-process.ts'

const historyPage = 100

/** A server under measurement, with guests to talk to it. */
export interface MessagingServer extends ServerProcess {
  /** guests whose sessions are configured; for the echo server, guests whose sockets are open */
  connect (count: number): Promise<BenchGuest[]>
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
 */
export async function startGenesysServer (guests: number): Promise<GenesysServer> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const ports = await freePorts()
  const settings = labSettings({
    ...ports, STATE_DIR: folder, LOG_LEVEL: 'warn', LOG_FORMAT: 'json', GENESYS_RATE_LIMITS: 'off', AGENT: 'desk'
  })
  const config = loadGenesysConfig(settings)
  const deploymentId = settings['GENESYS_DEPLOYMENT_ID']!
  const jwts = await issueTokens(config, deploymentId, guests)
  const server = await startServer(join(root, 'services/genesys/server.ts'), config.port, settings)
  const address = `127.0.0.1:${config.port}`

  return {
    ...server,
    async stop () {
      await server.stop()
      rmSync(folder, { recursive: true })
    },
    async connect (count) {
      const url = `ws://${address}/v1?deploymentId=${deploymentId}`
      const connected = await connectGuests(count, url, `http://app.localhost:${ports.APP_PORT}`, echoedText)
      await Promise.all(connected.map(async guest => {
        const answer = await guest.request('configureAuthenticatedSession', { deploymentId, data: { code: jwts.pop() } })
        if (answer.class !== 'SessionResponse') throw new Error(`a guest was not let in: ${JSON.stringify(answer)}`)
      }))
      return connected
    },
    async history (guest) {
      const { body } = await guest.request('getJwt')
      const texts: string[] = []
      for (let page = 1, pages = 1; page <= pages; page++) {
        const response = await fetch(`http://${address}/api/v2/webmessaging/messages?pageNumber=${page}&pageSize=${historyPage}`, {
          headers: { authorization: `bearer ${body?.jwt}` }
        })
        const { entities, pageCount } = await response.json() as { entities: { text?: string }[], pageCount: number }
        texts.push(...entities.map(({ text }) => text ?? ''))
        pages = pageCount
      }
      return texts.reverse()
    }
  }
}

async function issueTokens (config: ReturnType<typeof loadGenesysConfig>, deploymentId: string, count: number): Promise<string[]> {
  const stateFolder = openStateFolder(config.stateFolder)
  const store = openStore(join(stateFolder, 'genesys.sqlite'))
  const tokens = openTokens(store, await openJwts(stateFolder, config.url))
  const since = new Date().toISOString()
  const issued = await Promise.all(Array.from({ length: count }, (_, guest) => tokens.issue({
    deploymentId,
    identity: { sub: `guest-${guest}`, iss: config.issuer, since, name: `Guest ${guest}`, given_name: 'Guest', family_name: String(guest) }
  })))
  store.close()
  return issued.map(({ jwt }) => jwt)
}

const echoedText = ({ class: className, code, body }: Frame) =>
  className === 'StructuredMessage' && code === 200 && typeof body?.id === 'string' && body.id !== '' ? body.text : undefined

/** Start the bare `ws` server, to which the same guests send the same frames. */
export async function startEchoServer (): Promise<MessagingServer> {
  const { GENESYS_PORT: port } = await freePorts()
  const server = await startServer(join(import.meta.dirname, 'echo-server.ts'), Number(port), { PORT: port })
  return {
    ...server,
    connect: count => connectGuests(count, `ws://127.0.0.1:${port}`, 'http://app.localhost', ({ message }) => message?.text)
  }
}
