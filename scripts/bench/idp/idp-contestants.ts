import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dump, load } from 'js-yaml'
import { loadIdpConfig } from '../../../services/idp/config.ts'
import { freePorts, labSettings, root } from '../../../test/helpers/lab.ts'
import type { StatefulServer } from '../shared/memory.ts'
import { nodeOptionsOf, startServer, type LedgerUse } from '../shared/server-process.ts'
import { makeStateFolder, sizeOf, withStateFolder } from '../shared/temporary-state-folder.ts'
import type { BenchClient, Person } from './minimal-relying-party.ts'

const username = 'alice'
const scope = 'openid profile email'

/** A server under measurement, with what a relying party has to know of it. */
export interface IdpServer extends StatefulServer {
  issuer: string
  client: BenchClient
  person: Person
}

/**
 * Start `services/idp/server.ts` with an empty state folder of its own, its store as durable as ever, and the users and
 * clients of the lab.
 *
 * @param options.checkout whose code it is
 * @param options.lab the setting `LAB`
 * @param options.hint sign in by `login_hint`, else by the form of the sign-in page
 * @param options.ledger in a lab, `none` leaves the ledger out
 */
export async function startOurIdp (options: { checkout: string, lab: boolean, hint: boolean, ledger?: LedgerUse }): Promise<IdpServer> {
  const folder = makeStateFolder()
  const usersFile = join(folder, 'users.yaml')
  writeFileSync(usersFile, markedUsers())
  const { settings, config, client, user } = await describe({ STATE_DIR: folder, LAB: String(options.lab), USERS_FILE: usersFile })
  const server = await startServer(join(options.checkout, 'services/idp/server.ts'), config.port, {
    ...settings, ...nodeOptionsOf(options.checkout, options.ledger)
  })
  return withStateFolder({
    ...server,
    issuer: config.issuer,
    client,
    person: { username, password: user.password, hint: options.hint },
    storedBytes: () => sizeOf(config.stateFolder)
  }, folder)
}

/** The users of the lab, where the one who signs in may do so by `login_hint`. */
function markedUsers (): string {
  const users = load(readFileSync(join(root, 'services/idp/users.yaml'), 'utf8')) as { username: string }[]
  return dump(users.map(user => ({ ...user, ...(user.username === username && { sign_in_by_hint: true }) })))
}

/** Start bare `oidc-provider`. */
export const startBareProvider = () => startOther('bare-oidc-provider.ts')

/** Start `oauth2-mock-server`. */
export const startMockServer = () => startOther('oauth2-mock-server.ts')

async function startOther (script: string): Promise<IdpServer> {
  const { config: { issuer, port }, client, user } = await describe({})
  const server = await startServer(join(import.meta.dirname, script), port, {
    PORT: String(port),
    ISSUER: issuer,
    CLIENT_ID: client.clientId,
    CLIENT_SECRET: client.clientSecret,
    REDIRECT_URI: client.redirectUri,
    SUB: user.sub,
    CLAIMS: JSON.stringify(user.claims)
  })
  return { ...server, issuer, client, person: { username, password: user.password, hint: false }, storedBytes: () => undefined }
}

/** The lab's own client and user, which every server gets, and ports that are free. */
async function describe (others: Record<string, string>) {
  const settings = labSettings({ ...await freePorts(), LOG_LEVEL: 'warn', LOG_FORMAT: 'json', ...others })
  const config = loadIdpConfig(settings)
  const client: BenchClient = {
    clientId: settings['OIDC_CLIENT_ID']!, clientSecret: settings['OIDC_CLIENT_SECRET']!, redirectUri: `${config.app}/callback`, scope
  }
  return { settings, config, client, user: config.users.find(user => user.username === username)! }
}
