import { brandSetting, readBrand, type Brand } from '#lib/brand/brand-setting.ts'
import { DataFileError, readDataFile } from '#lib/settings/data-file.ts'
import { Type, type Static } from '#lib/validation/schema.ts'
import {
  addressesOf, clockTolerance, commonSettings, loadSettings, oneSpelling, secret, serverConfigOf, textOrFile, urlOf, type Addresses,
  type ServerConfig
} from '#lib/settings/settings.ts'

const scope = Type.String({
  default: 'openid profile email', pattern: '\\bopenid\\b', description: 'scopes, with openid among them'
})
const privateKey = textOrFile({ format: 'private-key', description: 'a private key: PKCS #8 in PEM, or a JWK' })
const acr = Type.Union([Type.Literal('essential'), Type.Literal('voluntary')], {
  default: 'essential', description: 'essential or voluntary'
})
const text = (description: string) => Type.Optional(Type.String({ description }))

const properties = {
  ...commonSettings,
  SESSION_KEY: textOrFile({
    pattern: '^[0-9a-fA-F]{64}$',
    description: '32 bytes as 64 hexadecimal digits; `openssl rand -hex 32` makes them'
  }),
  SESSION_LIFETIME: Type.Integer({ minimum: 60, default: 8 * 60 * 60, description: 'a number of seconds, at least 60' }),
  SESSION_IDLE_LIFETIME: Type.Integer({ minimum: 60, default: 60 * 60, description: 'a number of seconds, at least 60' }),
  SIGN_IN_RATE_LIMIT: Type.Integer({ minimum: 1, default: 30, description: 'how many sign-ins a minute one address may start' }),
  OIDC_CLIENT_ID: Type.String({ minLength: 1, description: 'the client_id at the identity provider' }),
  OIDC_CLIENT_AUTH: Type.Union(
    (['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const).map(method => Type.Literal(method)),
    { default: 'client_secret_basic', description: 'client_secret_basic, client_secret_post or private_key_jwt' }
  ),
  OIDC_CLIENT_SECRET: Type.Optional(secret()),
  OIDC_PRIVATE_KEY: Type.Optional(privateKey),
  OIDC_ASSERTION_AUDIENCE: Type.Optional(Type.String({
    pattern: '^https?://\\S+$', description: 'a URL of the provider that it wants in `aud`, such as that of its token endpoint'
  })),
  OIDC_SCOPE: scope,
  OIDC_PAR: Type.Union([Type.Literal('auto'), Type.Literal('never')], { default: 'auto', description: 'auto or never' }),
  OIDC_AUDIENCE: text('the audience that the provider is asked for'),
  OIDC_ACR_VALUES: text('authentication context classes, with spaces between'),
  OIDC_ACR: acr,
  OIDC_PROMPT: Type.Optional(Type.String({
    pattern: '^(login|consent|select_account|create)( (login|consent|select_account))*$',
    description: 'login, consent or select_account, or several of them with spaces between'
  })),
  OIDC_MAX_AGE: Type.Optional(Type.Integer({ minimum: 0, description: 'a number of seconds' })),
  OIDC_UI_LOCALES: text('language tags, with spaces between'),
  OIDC_CA: Type.Optional(textOrFile({ format: 'certificates', description: 'certificates in PEM' })),
  OIDC_TIMEOUT: Type.Integer({ minimum: 1, maximum: 60, default: 10, description: 'a number of seconds from 1 to 60' }),
  OIDC_CLOCK_TOLERANCE: clockTolerance,
  OIDC_PROVIDERS_FILE: text('path of a file of further identity providers'),
  BRAND: brandSetting,
  GENESYS_CLIENT_ID: Type.String({ minLength: 1, description: 'the client_id that Genesys has at the identity provider' }),
  GENESYS_SCOPE: scope,
  GENESYS_DEPLOYMENT_ID: Type.String({ minLength: 1, description: 'the id of the Messenger deployment' }),
  LAB_DEPLOYMENTS: Type.Optional(Type.String({
    pattern: '^\\s*[a-z0-9-]+=[0-9a-zA-Z-]+(\\s+[a-z0-9-]+=[0-9a-zA-Z-]+)*\\s*$',
    description: 'deployments as name=id, with spaces between'
  })),
  GENESYS_ENVIRONMENT: Type.String({ minLength: 1, description: 'the region of the deployment, such as prod-euw1' }),
  GENESYS_SCRIPT_URL: Type.Optional(urlOf({ pattern: '^https?://', description: 'the URL of genesys.min.js' })),
  GENESYS_ORIGINS: Type.Optional(Type.String({
    pattern: '^(([hH][tT][tT][pP]|[wW][sS])[sS]?://\\S+\\s*)+$',
    description: 'origins that the page may load the Messenger from and connect it to, with spaces between'
  }))
}

// In the clear, whoever is on the way reads along, and any host below ours can set our cookies.
const securePattern = '^(https://[^\\s/?#@]+|http://([^/@]+\\.)?(localhost|127\\.0\\.0\\.1|\\[::1\\])(:\\d+)?)(/[^\\s?#]*)?$'
const secureUrl = Type.Optional(urlOf({
  pattern: securePattern,
  description: 'an https URL without query or fragment; http is for *.localhost, and for a lab (LAB=true)'
}))

type Settings = Static<ReturnType<typeof Type.Object<typeof properties>>>

/** A further identity provider, as a file describes it. `${NAME}` in it stands for the environment's variable. */
const furtherProviders = ({ lab }: { lab: boolean }) => Type.Array(Type.Object({
  name: Type.String({ pattern: '^[a-z0-9-]+$', description: 'lower-case letters, digits and hyphens' }),
  issuer: Type.String({
    pattern: lab ? '^https?://[^?#]+$' : securePattern, description: 'an https URL without query or fragment; http at loopback, or in the lab'
  }),
  client_id: Type.String({ minLength: 1 }),
  client_secret: Type.String({ minLength: 16 }),
  token_endpoint_auth_method: Type.Union([Type.Literal('client_secret_basic'), Type.Literal('client_secret_post')], {
    default: 'client_secret_basic'
  }),
  scope,
  acr,
  parameters: Type.Record(Type.String(), Type.String(), { default: {} })
}, { additionalProperties: false }), { minItems: 1 })

/** What is known of an identity provider before it is asked. */
export interface ProviderConfig {
  /** exactly as in its tokens */
  issuer: string
  clientId: string
  authentication:
    | { method: 'client_secret_basic' | 'client_secret_post', secret: string }
    /** `key`: PKCS #8 in PEM, or a JWK; `audience`: who is to believe what it signs, where that is not the issuer */
    | { method: 'private_key_jwt', key: string, audience: string | undefined }
  scope: string
  /** more parameters of the authorization request */
  parameters: Record<string, string>
  /** whether a sign-in is refused that is none of the `acr_values` among them */
  acr: 'essential' | 'voluntary'
  pushedAuthorizationRequests: 'auto' | 'never'
  /** certificate authorities in PEM, trusted beside those of the system */
  ca: string | undefined
  /** seconds that the provider is given for each answer */
  timeout: number
  /** seconds by which its clock and ours may differ */
  clockTolerance: number
}

export interface RelyingPartyConfig extends ServerConfig, Addresses {
  session: {
    /** 32 bytes, for the encryption of the cookie */
    key: Buffer
    /** seconds from sign-in to the end of the session */
    lifetime: number
    /** seconds from the last request to the end of the session */
    idleLifetime: number
  }
  /** what the page shows */
  brand: Brand
  /** the lab's clock can be moved */
  lab: boolean
  /** in the lab, ids of further deployments for the page, by the name that it calls them by */
  labDeployments: Record<string, string>
  /** sign-ins a minute and address */
  signInRateLimit: number
  oidc: ProviderConfig
  otherProviders: (ProviderConfig & { name: string })[]
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
 * @throws {DataFileError} naming the entry and the field of the file of further providers
 */
export function loadRelyingPartyConfig (env: NodeJS.ProcessEnv = process.env): RelyingPartyConfig {
  const settings = loadSettings('relying-party', {
    ...properties,
    ...(env['LAB'] !== 'true' && { APP_URL: secureUrl, IDP_ISSUER: secureUrl }),
    // Which of the two must be there depends on how the client says who it is.
    ...(env['OIDC_CLIENT_AUTH'] === 'private_key_jwt' ? { OIDC_PRIVATE_KEY: privateKey } : { OIDC_CLIENT_SECRET: secret() })
  }, env)
  const addresses = addressesOf(settings)
  const { origin: genesysOrigin } = new URL(addresses.genesys)
  return {
    ...serverConfigOf('relying-party', settings.APP_PORT, addresses.app, settings),
    ...addresses,
    session: {
      key: Buffer.from(settings.SESSION_KEY, 'hex'),
      lifetime: settings.SESSION_LIFETIME,
      idleLifetime: settings.SESSION_IDLE_LIFETIME
    },
    brand: readBrand(settings.BRAND),
    lab: settings.LAB,
    labDeployments: Object.fromEntries((settings.LAB_DEPLOYMENTS ?? '').trim().split(/\s+/).filter(Boolean).map(entry => entry.split('='))),
    signInRateLimit: settings.SIGN_IN_RATE_LIMIT,
    oidc: {
      issuer: addresses.issuer,
      clientId: settings.OIDC_CLIENT_ID,
      authentication: authenticationOf(settings),
      scope: settings.OIDC_SCOPE,
      parameters: parametersOf(settings),
      acr: settings.OIDC_ACR,
      ...commonOf(settings)
    },
    otherProviders: otherProvidersOf(settings, env, addresses.issuer),
    messenger: {
      clientId: settings.GENESYS_CLIENT_ID,
      scope: settings.GENESYS_SCOPE,
      // Genesys' own file server knows it in lower case only.
      deploymentId: settings.GENESYS_DEPLOYMENT_ID.toLowerCase(),
      environment: settings.GENESYS_ENVIRONMENT,
      scriptUrl: settings.GENESYS_SCRIPT_URL ?? `${addresses.genesys}/genesys-bootstrap/genesys.min.js`,
      origins: settings.GENESYS_ORIGINS?.trim().split(/\s+/).map(oneSpelling) ?? [genesysOrigin, genesysOrigin.replace(/^http/, 'ws')]
    }
  }
}

function authenticationOf (settings: Settings): ProviderConfig['authentication'] {
  const { OIDC_CLIENT_AUTH: method, OIDC_CLIENT_SECRET: secret = '', OIDC_PRIVATE_KEY: key = '' } = settings
  return method === 'private_key_jwt' ? { method, key, audience: settings.OIDC_ASSERTION_AUDIENCE } : { method, secret }
}

function parametersOf (settings: Settings): Record<string, string> {
  const parameters = {
    audience: settings.OIDC_AUDIENCE,
    acr_values: settings.OIDC_ACR_VALUES,
    prompt: settings.OIDC_PROMPT,
    max_age: settings.OIDC_MAX_AGE?.toString(),
    ui_locales: settings.OIDC_UI_LOCALES
  }
  return Object.fromEntries(Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

function commonOf (settings: Settings) {
  const { OIDC_PAR: pushedAuthorizationRequests, OIDC_CA: ca, OIDC_TIMEOUT: timeout, OIDC_CLOCK_TOLERANCE: clockTolerance } = settings
  return { pushedAuthorizationRequests, ca, timeout, clockTolerance }
}

function otherProvidersOf (settings: Settings, env: NodeJS.ProcessEnv, mainIssuer: string): RelyingPartyConfig['otherProviders'] {
  const { OIDC_PROVIDERS_FILE: file } = settings
  if (file === undefined) return []
  const variables = Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))
  const providers = readDataFile(file, {
    entries: furtherProviders({ lab: settings.LAB }), key: 'name', unique: ['name', 'issuer'], spellings: { issuer: oneSpelling }, settings: variables
  }).map(provider => ({ ...provider, issuer: oneSpelling(provider.issuer) }))
  const twice = providers.find(({ issuer }) => issuer === mainIssuer)
  if (twice) throw new DataFileError(file, [`the provider ${twice.name} is the one of IDP_ISSUER, which needs no entry`])
  return providers.map(provider => ({
    name: provider.name,
    issuer: provider.issuer,
    clientId: provider.client_id,
    authentication: { method: provider.token_endpoint_auth_method, secret: provider.client_secret },
    scope: provider.scope,
    parameters: provider.parameters,
    acr: provider.acr,
    ...commonOf(settings)
  }))
}
