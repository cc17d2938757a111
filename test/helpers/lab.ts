import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
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
  /** start a service that was stopped or killed, and wait until it answers */
  start (service: ServiceName): Promise<void>
  /** have a service run in a process of its own from now on, as it does in Compose anyway: only then can it be killed */
  isolate (service: ServiceName): Promise<void>
  /** end a service as `kill -9` does, without a moment for last things */
  kill (service: ServiceName): Promise<void>
  /** everything that the services have logged so far */
  logs (): Promise<string>
}

export const root = join(import.meta.dirname, '..', '..')

/** The values of `services/lab.env`, with others on top. */
export function labSettings (others: Record<string, string> = {}): Record<string, string> {
  return { ...parseEnv(readFileSync(join(root, 'services', 'lab.env'), 'utf8')) as Record<string, string>, ...others }
}

/** Where Node keeps what it has compiled, for a process that gets no other variable of this one. */
export function compileCache (): Record<string, string> {
  const { NODE_COMPILE_CACHE: folder } = process.env
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder }
}

/** Settings that move the three services to ports that are free now. */
export async function freePorts (): Promise<Record<'APP_PORT' | 'IDP_PORT' | 'GENESYS_PORT', string>> {
  const free = new Set<number>()
  while (free.size < 3) {
    // Below the ports that systems give to outgoing connections: one of those could take it before a service does.
    const port = randomInt(20_000, 32_000)
    if (await isFree(port)) free.add(port)
  }
  const [app, idp, genesys] = [...free].map(String)
  return { APP_PORT: app!, IDP_PORT: idp!, GENESYS_PORT: genesys! }
}

function isFree (port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** The origin of each service. */
export const urlsOf = ({ app, issuer, genesys }: Addresses): Record<ServiceName, string> => ({ idp: issuer, genesys, 'relying-party': app })

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
