import { Type } from 'typebox'
import { addressesOf, commonSettings, loadSettings, secret, serverConfigOf, type ServerConfig } from '#lib/settings.ts'
import { readDeployments, uuid, type Deployment } from './deployments.ts'

const settings = {
  ...commonSettings,
  GENESYS_CLIENT_ID: Type.String({ minLength: 1, description: 'the client_id of Genesys at the identity provider' }),
  GENESYS_CLIENT_SECRET: secret(),
  GENESYS_DEPLOYMENT_ID: Type.String({ pattern: uuid, description: 'a UUID' }),
  AGENT_DELAY_MS: Type.Integer({ minimum: 0, maximum: 60_000, default: 600, description: 'a number of milliseconds up to 60000' })
}

/** What the messaging stand-in runs with. */
export interface GenesysConfig extends ServerConfig {
  /** own origin, of script, REST and WebSocket */
  url: string
  /** issuer identifier of the identity provider that redeems the codes */
  issuer: string
  /** Genesys' own client at that identity provider */
  client: { id: string, secret: string }
  deployments: Deployment[]
  /** how long the scripted agent types before it answers */
  agentDelayMs: number
}

/**
 * Read the settings of the messaging stand-in and its `deployments.yaml`.
 *
 * @param env where settings come from
 * @throws {SettingsError} naming every setting that is missing or malformed
 * @throws {DataFileError} naming what is wrong in `deployments.yaml`
 */
export function loadGenesysConfig (env: typeof process.env = process.env): GenesysConfig {
  const values = loadSettings('genesys', settings, env)
  const { app, issuer, genesys } = addressesOf(values)
  return {
    ...serverConfigOf('genesys', values.GENESYS_PORT, genesys, values),
    issuer,
    client: { id: values.GENESYS_CLIENT_ID, secret: values.GENESYS_CLIENT_SECRET },
    deployments: readDeployments({
      GENESYS_DEPLOYMENT_ID: values.GENESYS_DEPLOYMENT_ID,
      APP_HOSTNAME: new URL(app).hostname
    }),
    agentDelayMs: values.AGENT_DELAY_MS
  }
}
