import { addressesOf, commonSettings, loadSettings, oneSpelling, serverConfigOf, SettingsError, urlOf, withoutTrailingSlash, type Addresses, type ServerConfig } from '#lib/settings/settings.ts'
import { Type } from '#lib/validation/schema.ts'

/** What the console runs with: its own address, and where the services are that it shows. */
export interface ConsoleConfig extends ServerConfig, Addresses {
  /** where the two sites of the lessons are, on the console's own port; nothing where browsers find no names below localhost */
  lessons: { careless: string, evil: string } | undefined
}

const site = (whose: string) => Type.Optional(urlOf({ pattern: '^https?://[^\\s/?#@]+/?$', description: `the URL of ${whose}, without a path` }))

const settingsOfConsole = { ...commonSettings, CARELESS_URL: site('the careless site of the lessons'), EVIL_URL: site('the attacker of the lessons') }

/**
 * Read the settings of the console.
 *
 * @throws {SettingsError} naming every setting that is malformed, and where this is no lab
 */
export function loadConsoleConfig (env: NodeJS.ProcessEnv = process.env): ConsoleConfig {
  const settings = loadSettings('console', settingsOfConsole, env)
  if (!settings.LAB) throw new SettingsError('console cannot start: it shows everything that is exchanged, so it is for a lab alone (LAB=true).')
  const addresses = addressesOf(settings)
  return {
    ...serverConfigOf('console', settings.CONSOLE_PORT, addresses.console, settings),
    ...addresses,
    lessons: sitesOf(settings, addresses.console)
  }
}

/** Two sites of their own, as the application and the attacker are: `careless.localhost` and `evil.localhost`, beside `lab.localhost`. */
function sitesOf ({ CARELESS_URL: careless, EVIL_URL: evil, LOCALHOST_SUBDOMAINS: names }: Pick<ReturnType<typeof loadSettings<typeof settingsOfConsole>>, 'CARELESS_URL' | 'EVIL_URL' | 'LOCALHOST_SUBDOMAINS'>, console: string) {
  if (careless !== undefined && evil !== undefined) return { careless: withoutTrailingSlash(careless), evil: withoutTrailingSlash(evil) }
  const { hostname, port, protocol } = new URL(console)
  if (names === 'off' || !hostname.endsWith('localhost')) return undefined
  const at = (host: string) => oneSpelling(`${protocol}//${host}${port === '' ? '' : `:${port}`}`)
  return { careless: at('careless.localhost'), evil: at('evil.localhost') }
}
