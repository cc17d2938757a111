import { addressesOf, commonSettings, loadSettings, serverConfigOf, SettingsError, type Addresses, type ServerConfig } from '#lib/settings/settings.ts'

/** What the console runs with: its own address, and where the services are that it shows. */
export interface ConsoleConfig extends ServerConfig, Addresses {}

/**
 * Read the settings of the console.
 *
 * @throws {SettingsError} naming every setting that is malformed, and where this is no lab
 */
export function loadConsoleConfig (env: NodeJS.ProcessEnv = process.env): ConsoleConfig {
  const settings = loadSettings('console', commonSettings, env)
  if (!settings.LAB) throw new SettingsError('console cannot start: it shows everything that is exchanged, so it is for a lab alone (LAB=true).')
  const addresses = addressesOf(settings)
  return { ...serverConfigOf('console', settings.CONSOLE_PORT, addresses.console, settings), ...addresses }
}
