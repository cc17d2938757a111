import { Type } from 'typebox'
import {
  addressesOf, commonSettings, loadSettings, secret, serverConfigOf, type Addresses, type ServerConfig
} from '#lib/settings.ts'

const properties = {
  ...commonSettings,
  SESSION_KEY: Type.String({
    pattern: '^[0-9a-fA-F]{64}$',
    description: '32 bytes as 64 hexadecimal digits; `openssl rand -hex 32` makes them'
  }),
  SESSION_LIFETIME: Type.Integer({ minimum: 60, default: 8 * 60 * 60, description: 'a number of seconds, at least 60' }),
  SIGN_IN_RATE_LIMIT: Type.Integer({ minimum: 1, default: 30, description: 'how many sign-ins a minute one address may start' }),
  OIDC_CLIENT_ID: Type.String({ minLength: 1, description: 'the client_id at the identity provider' }),
  OIDC_CLIENT_SECRET: secret(),
  OIDC_SCOPE: Type.String({ default: 'openid profile email', pattern: '\\bopenid\\b', description: 'scopes, with openid among them' }),
  GENESYS_CLIENT_ID: Type.String({ minLength: 1, description: 'the client_id that Genesys has at the identity provider' }),
  GENESYS_SCOPE: Type.String({ default: 'openid profile email', pattern: '\\bopenid\\b', description: 'scopes, with openid among them' }),
  GENESYS_DEPLOYMENT_ID: Type.String({ minLength: 1, description: 'the id of the Messenger deployment' }),
  GENESYS_ENVIRONMENT: Type.String({ minLength: 1, description: 'the region of the deployment, such as prod-euw1' }),
  GENESYS_SCRIPT_URL: Type.Optional(Type.String({ pattern: '^https?://', description: 'the URL of genesys.min.js' })),
  GENESYS_ORIGINS: Type.Optional(Type.String({
    pattern: '^((https?|wss?)://\\S+\\s*)+$',
    description: 'origins that the page may load the Messenger from and connect it to, with spaces between'
  }))
}

export interface RelyingPartyConfig extends ServerConfig, Addresses {
  session: {
    /** 32 bytes, for the encryption of the cookie */
    key: Buffer
    /** seconds from sign-in to the end of the session */
    lifetime: number
  }
  /** the lab's clock can be moved */
  lab: boolean
  /** sign-ins a minute and address */
  signInRateLimit: number
  oidc: { clientId: string, clientSecret: string, scope: string }
  messenger: {
    /** Genesys' own client: the relying party asks for its codes and cannot redeem them */
    clientId: string
    scope: string
    deploymentId: string
    environment: string
    scriptUrl: string
    /** what the page's Content-Security-Policy lets in */
    origins: string[]
  }
}

/**
 * Read the settings.
 *
 * @throws {SettingsError} naming every setting that is wrong
 */
export function loadRelyingPartyConfig (env: NodeJS.ProcessEnv = process.env): RelyingPartyConfig {
  const settings = loadSettings('relying-party', properties, env)
  const addresses = addressesOf(settings)
  return {
    ...serverConfigOf('relying-party', settings.APP_PORT, addresses.app, settings),
    ...addresses,
    session: { key: Buffer.from(settings.SESSION_KEY, 'hex'), lifetime: settings.SESSION_LIFETIME },
    lab: settings.LAB,
    signInRateLimit: settings.SIGN_IN_RATE_LIMIT,
    oidc: { clientId: settings.OIDC_CLIENT_ID, clientSecret: settings.OIDC_CLIENT_SECRET, scope: settings.OIDC_SCOPE },
    messenger: {
      clientId: settings.GENESYS_CLIENT_ID,
      scope: settings.GENESYS_SCOPE,
      deploymentId: settings.GENESYS_DEPLOYMENT_ID,
      environment: settings.GENESYS_ENVIRONMENT,
      scriptUrl: settings.GENESYS_SCRIPT_URL ?? `${addresses.genesys}/genesys-bootstrap/genesys.min.js`,
      origins: settings.GENESYS_ORIGINS?.trim().split(/\s+/) ?? [addresses.genesys, addresses.genesys.replace(/^http/, 'ws')]
    }
  }
}
