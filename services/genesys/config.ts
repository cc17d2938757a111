import { brandSetting, readBrand, type Brand } from '#lib/brand/brand-setting.ts'
import {
  addressesOf, clockTolerance, commonSettings, loadSettings, secret, serverConfigOf, type ServerConfig
} from '#lib/settings/settings.ts'
import { Type } from '#lib/validation/schema.ts'
import { readDeployments, type Deployment } from './deployments/deployments-file.ts'

const settings = {
  ...commonSettings,
  GENESYS_CLIENT_ID: Type.String({ minLength: 1, description: 'the client_id of Genesys at the identity provider' }),
  GENESYS_CLIENT_SECRET: secret(),
  OIDC_CLOCK_TOLERANCE: clockTolerance,
  GENESYS_DEPLOYMENT_ID: Type.Optional(Type.String({ minLength: 1, description: 'the id of the deployment that the host page names' })),
  BRAND: brandSetting,
  DEPLOYMENTS_FILE: Type.Optional(Type.String({ minLength: 1, description: 'path of a file of Messenger deployments' })),
  GENESYS_RATE_LIMITS: Type.Union([Type.Literal('on'), Type.Literal('off')], { default: 'on', description: 'on or off' }),
  GENESYS_MAX_STATE_MB: Type.Integer({ minimum: 1, default: 2048, description: 'a number of megabytes' }),
  GENESYS_MAX_SOCKETS: Type.Integer({ minimum: 1, default: 2000, description: 'a number of sockets' }),
  AGENT: Type.Union([Type.Literal('script'), Type.Literal('desk')], { default: 'script', description: 'script or desk' }),
  AGENT_DELAY_MS: Type.Integer({ minimum: 0, maximum: 60_000, default: 600, description: 'a number of milliseconds up to 60000' })
}

/** What the messaging stand-in runs with. */
export interface GenesysConfig extends ServerConfig {
  /** own origin, of script, REST and WebSocket */
  url: string
  /** URL of the relying party, whose page shows the brand */
  app: string
  /** URL of the lab's console */
  console: string
  /** issuer identifier of the identity provider that redeems the codes */
  issuer: string
  /** Genesys' own client at that identity provider */
  client: { id: string, secret: string }
  /** seconds by which its clock and ours may differ */
  clockTolerance: number
  deployments: Deployment[]
  /** the same with the colour and the title of another brand; throws as `loadGenesysConfig` */
  deploymentsOf: (brand: Brand) => Deployment[]
  /** whose words the scripted agent has */
  brand: Brand
  /** which of them the host page names, so that a mistake is told at the start; nothing where that is not known here */
  namedDeployment: string | undefined
  /** what the real product lacks is there: the desk, and why an exchange was refused */
  lab: boolean
  /** whether the rate limits of web messaging are kept */
  rateLimits: boolean
  /** how much conversations and files may take on the disk, all together */
  maxStateBytes: number
  /** how many guest WebSockets may be open at once, all together */
  maxSockets: number
  /** who answers the guests: the script until a person takes over, or persons only */
  agent: 'script' | 'desk'
  /** how long the scripted agent types before it answers */
  agentDelayMs: number
}

/**
 * Read the settings of the messaging stand-in and its `deployments.yaml`.
 *
 * @param env where settings come from
 * @throws {SettingsError} naming every setting that is missing or malformed
 * @throws {DataFileError} naming what is wrong in `deployments.yaml` or the brand's file
 */
export function loadGenesysConfig (env: typeof process.env = process.env): GenesysConfig {
  const values = loadSettings('genesys', settings, env)
  const { app, issuer, genesys, console } = addressesOf(values)
  const brand = readBrand(values.BRAND)
  const deploymentsOf = ({ colours, chat }: Brand) => readDeployments({
    APP_HOSTNAME: new URL(app).hostname, BRAND_COLOUR: colours.light.accent, BRAND_CHAT_TITLE: chat.title
  }, values.DEPLOYMENTS_FILE)
  return {
    ...serverConfigOf('genesys', values.GENESYS_PORT, genesys, values),
    app,
    console,
    issuer,
    client: { id: values.GENESYS_CLIENT_ID, secret: values.GENESYS_CLIENT_SECRET },
    clockTolerance: values.OIDC_CLOCK_TOLERANCE,
    namedDeployment: values.GENESYS_DEPLOYMENT_ID,
    brand,
    deployments: deploymentsOf(brand),
    deploymentsOf,
    lab: values.LAB,
    rateLimits: values.GENESYS_RATE_LIMITS === 'on',
    maxStateBytes: values.GENESYS_MAX_STATE_MB * 1024 * 1024,
    maxSockets: values.GENESYS_MAX_SOCKETS,
    agent: values.AGENT,
    agentDelayMs: values.AGENT_DELAY_MS
  }
}
