import { DataFileError } from '#lib/settings/data-file.ts'
import type { Part } from '#lib/server/serve.ts'
import { SettingsError, type ServerConfig } from '#lib/settings/settings.ts'
import { StateError } from '#lib/store/state-error.ts'
import { onDemand } from './on-demand.ts'

/** The names of the services, in the order in which they are best started. */
export const serviceNames = ['idp', 'genesys', 'relying-party', 'console'] as const

/** The name of a service, in Compose too. */
export type ServiceName = typeof serviceNames[number]

/**
 * Build one service of the lab in this process: the same app that Compose runs in a container. Only that one is loaded.
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
      const [{ loadIdpConfig }, { buildIdp }] = await Promise.all([import('../idp/config.ts'), import('../idp/app.ts')])
      const config = withLog(loadIdpConfig(env))
      return { app: await buildIdp(config), config }
    }
    case 'genesys': {
      const [{ loadGenesysConfig }, { buildGenesys }] = await Promise.all([import('../genesys/config.ts'), import('../genesys/app.ts')])
      const config = withLog(loadGenesysConfig(env))
      return { app: await buildGenesys(config), config }
    }
    case 'relying-party': {
      const [{ loadRelyingPartyConfig }, { buildRelyingParty }] = await Promise.all([import('../relying-party/config.ts'), import('../relying-party/app.ts')])
      const config = withLog(loadRelyingPartyConfig(env))
      return { app: await buildRelyingParty(config), config }
    }
    case 'console': {
      const { loadConsoleConfig } = await import('../console/config.ts')
      const config = withLog(loadConsoleConfig(env))
      return { app: onDemand(config, async () => (await import('../console/app.ts')).buildConsole(config)), config }
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
  // Of a file that several read, each says the same.
  throw new SettingsError([...new Set(failures.map(failure => failure.message))].join('\n'))
}
