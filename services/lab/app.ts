import { DataFileError } from '#lib/data-file.ts'
import type { Part } from '#lib/serve.ts'
import { SettingsError, type ServerConfig } from '#lib/settings.ts'
import { StateError } from '#lib/state-error.ts'
import { buildGenesys } from '../genesys/app.ts'
import { loadGenesysConfig } from '../genesys/config.ts'
import { buildIdp } from '../idp/app.ts'
import { loadIdpConfig } from '../idp/config.ts'
import { buildRelyingParty } from '../relying-party/app.ts'
import { loadRelyingPartyConfig } from '../relying-party/config.ts'

/** The names of the services, in the order in which they are best started. */
export const serviceNames = ['idp', 'genesys', 'relying-party'] as const

/** The name of a service, in Compose too. */
export type ServiceName = typeof serviceNames[number]

/**
 * Build one service of the lab in this process: the same app that Compose runs in a container.
 *
 * @param env the settings, as in `services/lab.env`
 * @param log where its log goes; to the standard output where not said
 * @throws {SettingsError | DataFileError | StateError} when settings, data files or what was kept are wrong
 */
export async function buildService (
  name: ServiceName,
  env: NodeJS.ProcessEnv,
  log?: ServerConfig['log']['destination']
): Promise<Part> {
  const withLog = <T extends ServerConfig>(config: T): T => ({ ...config, log: { ...config.log, ...(log && { destination: log }) } })
  switch (name) {
    case 'idp': {
      const config = withLog(loadIdpConfig(env))
      return { app: await buildIdp(config), config }
    }
    case 'genesys': {
      const config = withLog(loadGenesysConfig(env))
      return { app: await buildGenesys(config), config }
    }
    case 'relying-party': {
      const config = withLog(loadRelyingPartyConfig(env))
      return { app: await buildRelyingParty(config), config }
    }
  }
}

/**
 * Build the whole lab in this process, in the order in which its services are best started.
 *
 * @throws {SettingsError} with what is wrong for any of the services
 */
export async function buildLab (env: NodeJS.ProcessEnv): Promise<Part[]> {
  const built = await Promise.allSettled(serviceNames.map(name => buildService(name, env)))
  const failures: unknown[] = built.filter(result => result.status === 'rejected').map(result => result.reason)
  if (failures.length === 0) return built.filter(result => result.status === 'fulfilled').map(result => result.value)
  const plain = (failure: unknown) => [SettingsError, DataFileError, StateError].some(kind => failure instanceof kind)
  if (!failures.every((failure): failure is Error => plain(failure))) throw failures[0]
  throw new SettingsError(failures.map(failure => failure.message).join('\n'))
}
