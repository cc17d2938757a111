import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { freePorts, labSettings, root } from '../../../test/helpers/lab.ts'
import type { StatefulServer } from '../shared/memory.ts'
import { startConsole } from '../shared/console-process.ts'
import { nodeOptionsOf, startServer, type LedgerUse, type ServerProcess } from '../shared/server-process.ts'
import { makeStateFolder, sizeOf, withStateFolder } from '../shared/temporary-state-folder.ts'

// Nobody resolves it: the browsers of the benchmark stand where a TLS proxy would.
const host = 'app.example'
const app = `https://${host}`
const clientId = 'relying-party'
const clientSecret = randomBytes(32).toString('base64url')
const scope = 'openid profile email'

/** What the provider says of everybody, beside a `sub` that nobody else has. */
export const claims = {
  name: 'Ada Lovelace', given_name: 'Ada', family_name: 'Lovelace', email: 'ada.lovelace@example.com', email_verified: true
}

/** The provider that all relying parties of a benchmark use. */
export interface Provider extends ServerProcess {
  issuer: string
}

/** A relying party under measurement. */
export interface RelyingPartyServer extends StatefulServer {
  /** where it listens, in the clear */
  address: string
  /** the `Host` that its browsers send */
  host: string
}

/** Start the provider; a relying party is registered with it by settings alone. */
export async function startProvider (): Promise<Provider> {
  const { IDP_PORT: port } = await freePorts()
  const issuer = `http://127.0.0.1:${port}`
  const server = await startServer(join(import.meta.dirname, 'minimal-provider.ts'), Number(port), {
    PORT: port,
    ISSUER: issuer,
    CLIENT_ID: clientId,
    CLIENT_SECRET: clientSecret,
    REDIRECT_URI: `${app}/callback`,
    CLAIMS: JSON.stringify(claims)
  })
  return { ...server, issuer }
}

/**
 * Start `services/relying-party/server.ts` of a checkout with an empty state folder of its own, its store as durable as ever.
 *
 * @param options.ledger has it run in a lab: without its ledger, with one that nobody reads, or with one that the console follows
 */
export async function startOurRelyingParty (
  issuer: string, { checkout = root, ledger }: { checkout?: string, ledger?: LedgerUse } = {}
): Promise<RelyingPartyServer> {
  const folder = makeStateFolder()
  const ports = await freePorts()
  const settings = labSettings({
    ...ports,
    NODE_ENV: 'production',
    LAB: String(ledger !== undefined),
    LOG_LEVEL: 'warn',
    LOG_FORMAT: 'json',
    STATE_DIR: folder,
    APP_URL: app,
    IDP_ISSUER: issuer,
    OIDC_CLIENT_ID: clientId,
    OIDC_CLIENT_SECRET: clientSecret,
    OIDC_SCOPE: scope,
    // All browsers have one address.
    SIGN_IN_RATE_LIMIT: '1000000000'
  })
  const server = await startServer(join(checkout, 'services/relying-party/server.ts'), Number(ports.APP_PORT), {
    ...settings, ...nodeOptionsOf(checkout, ledger)
  })
  const follower = ledger === 'followed'
    ? await startConsole(checkout, { ...settings, APP_URL: `http://127.0.0.1:${ports.APP_PORT}` })
    : undefined
  return withStateFolder({
    ...server,
    async stop () {
      await Promise.all([server.stop(), follower?.stop()])
    },
    address: `http://127.0.0.1:${ports.APP_PORT}`,
    host,
    storedBytes: () => sizeOf(join(folder, 'relying-party'))
  }, folder)
}

/**
 * Start express-openid-connect on Express.
 *
 * @param sessions where it keeps them: encrypted in cookies, as it does by default, or in a store, which is in memory
 */
export async function startExpress (issuer: string, sessions: 'cookie' | 'store'): Promise<RelyingPartyServer> {
  const { APP_PORT: port } = await freePorts()
  const server = await startServer(join(import.meta.dirname, 'express-openid-connect-server.ts'), Number(port), {
    NODE_ENV: 'production',
    PORT: port,
    ISSUER: issuer,
    APP_URL: app,
    CLIENT_ID: clientId,
    CLIENT_SECRET: clientSecret,
    SCOPE: scope,
    COOKIE_SECRET: randomBytes(32).toString('base64url'),
    SESSIONS: sessions
  })
  return { ...server, address: `http://127.0.0.1:${port}`, host, storedBytes: () => undefined }
}
