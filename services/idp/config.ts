import { join } from 'node:path'
import { brandSetting, readBrandName } from '#lib/brand/brand-setting.ts'
import {
  addressesOf, commonSettings, loadSettings, secret, serverConfigOf, withoutTrailingSlash, type Addresses, type ServerConfig
} from '#lib/settings/settings.ts'
import { Type } from '#lib/validation/schema.ts'
import { readUsers, type User } from './accounts/users.ts'
import { readClients, type RegisteredClient } from './clients/registered-clients.ts'

const properties = {
  ...commonSettings,
  OIDC_CLIENT_ID: Type.String({ minLength: 1, description: 'the relying party\'s client_id' }),
  OIDC_CLIENT_SECRET: secret(),
  GENESYS_CLIENT_ID: Type.String({ minLength: 1, description: 'the client_id that Genesys uses' }),
  GENESYS_CLIENT_SECRET: secret(),
  BRAND: brandSetting,
  USERS_FILE: Type.String({ default: join(import.meta.dirname, 'users.yaml'), description: 'path of a file of users' }),
  CLIENTS_FILE: Type.String({ default: join(import.meta.dirname, 'clients.yaml'), description: 'path of a file of clients' }),
  MAX_REALMS: Type.Integer({ minimum: 0, default: 500, description: 'how many realms there may be at once' })
}

export interface IdpConfig extends ServerConfig, Addresses {
  /** show what only a lab may: the test users and their passwords on the sign-in page */
  lab: boolean
  users: User[]
  clients: RegisteredClient[]
  /** how many realms there may be at once, beside the issuer at the root */
  maxRealms: number
}

/**
 * Read the settings and the files they name.
 *
 * @throws {SettingsError} naming every setting that is wrong
 * @throws {DataFileError} naming the file, the entry and the field
 */
export function loadIdpConfig (env: NodeJS.ProcessEnv = process.env): IdpConfig {
  const settings = loadSettings('idp', properties, env)
  const given = addressesOf(settings)
  // The paths of the endpoints are appended to it.
  const addresses = { ...given, issuer: withoutTrailingSlash(given.issuer) }
  const references = {
    ...settings,
    APP_URL: addresses.app,
    IDP_ISSUER: addresses.issuer,
    GENESYS_URL: addresses.genesys,
    BRAND_NAME: readBrandName(settings.BRAND)
  }
  return {
    ...serverConfigOf('idp', settings.IDP_PORT, addresses.issuer, settings),
    ...addresses,
    lab: settings.LAB,
    users: readUsers(settings.USERS_FILE, references),
    clients: readClients(settings.CLIENTS_FILE, references),
    maxRealms: settings.MAX_REALMS
  }
}
