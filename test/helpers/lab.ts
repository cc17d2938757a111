import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { Addresses } from '#lib/settings.ts'
import type { ServiceName } from '../../services/lab/app.ts'
import { loadIdpConfig } from '../../services/idp/config.ts'
import type { User } from '../../services/idp/users.ts'

/** A running lab, embedded in this process or in Compose: what flow tests are written against. */
export interface Lab extends Addresses {
  tier: 'embedded' | 'compose'
  /** the settings that it runs with */
  settings: Record<string, string>
  users: User[]
  /** the user of this user name */
  user (username: string): User
  /** stop a service; its state stays */
  stop (service: ServiceName): Promise<void>
  /** start a stopped service, and wait until it answers */
  start (service: ServiceName): Promise<void>
  /** everything that the services have logged so far */
  logs (): Promise<string>
}

export const root = join(import.meta.dirname, '..', '..')

/** The values of `services/lab.env`, with others on top. */
export function labSettings (others: Record<string, string> = {}): Record<string, string> {
  return { ...parseEnv(readFileSync(join(root, 'services', 'lab.env'), 'utf8')) as Record<string, string>, ...others }
}

/** Settings that move the three services to ports that are free now. */
export async function freePorts (): Promise<Record<'APP_PORT' | 'IDP_PORT' | 'GENESYS_PORT', string>> {
  // All three are held until all are known, so that none is given twice.
  const servers = await Promise.all([0, 1, 2].map(() => new Promise<ReturnType<typeof createServer>>(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server))
  })))
  const [app, idp, genesys] = servers.map(server => String((server.address() as AddressInfo).port))
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return { APP_PORT: app!, IDP_PORT: idp!, GENESYS_PORT: genesys! }
}

/** What follows from the settings alone. */
export function describeLab (settings: Record<string, string>): Addresses & Pick<Lab, 'settings' | 'users' | 'user'> {
  const { app, issuer, genesys, users } = loadIdpConfig(settings)
  return {
    app,
    issuer,
    genesys,
    settings,
    users,
    user: username => {
      const user = users.find(user => user.username === username)
      if (!user) throw new Error(`users.yaml has no ${username}`)
      return user
    }
  }
}
