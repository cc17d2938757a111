import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { Addresses } from '#lib/settings/settings.ts'
import type { ServiceName } from '../../services/embedded/app.ts'
import { loadIdpConfig } from '../../services/idp/config.ts'
import type { User } from '../../services/idp/accounts/users.ts'

/** Where a lab is, and who is known there. */
export interface LabDescription extends Addresses {
  /** the settings that it runs with */
  settings: Record<string, string>
  users: User[]
  /** the user of this user name */
  user (username: string): User
}

/** A running lab, embedded in this process or in Compose: what flow tests are written against. */
export interface Lab extends LabDescription {
  tier: 'embedded' | 'compose'
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

export { freePorts } from '../kit/free-ports.ts'

/** The origin of each service. */
export const urlsOf = ({ app, issuer, genesys, console }: Addresses): Record<ServiceName, string> => ({ idp: issuer, genesys, 'relying-party': app, console })

/** What follows from the settings alone. */
export function describeLab (settings: Record<string, string>): LabDescription {
  const { app, issuer, genesys, console, users } = loadIdpConfig(settings)
  return {
    app,
    issuer,
    genesys,
    console,
    settings,
    users,
    user: username => {
      const user = users.find(user => user.username === username)
      if (!user) throw new Error(`users.yaml has no ${username}`)
      return user
    }
  }
}
