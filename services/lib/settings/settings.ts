import type { ErrorObject, ValidateFunction } from 'ajv'
import { Type, type Static, type TObject, type TProperties, type TStringOptions } from '../validation/schema.ts'
import { readSettingFiles } from './setting-files.ts'
import { listed, settingFormats } from './setting-formats.ts'
import { createAjv } from '../validation/compile.ts'

/** The settings that keep a service from starting, all of them in one message. */
export class SettingsError extends Error {
  override name = 'SettingsError'
}

const port = (fallback: number) => Type.Integer({ minimum: 1, maximum: 65535, default: fallback, description: 'a TCP port' })
const url = Type.Optional(urlOf({
  pattern: '^https?://[^\\s/?#@]+(/[^\\s?#]*)?$',
  description: 'an http or https URL without query or fragment'
}))

// A variable is text, and is read as what it stands for.
const ajv = createAjv({ coerceTypes: true, formats: settingFormats, keywords: ['orFile', 'isUrl'] })

/**
 * Seconds by which the clock of the identity provider and ours may differ: one leeway for all that it dates, ID tokens, logout
 * tokens and refreshes. Whoever is let in by a clock must not be kept in by the same clock.
 */
export const clockTolerance = Type.Integer({
  minimum: 0, maximum: 600, default: 120, description: 'a number of seconds from 0 to 600'
})

/** A setting `NAME` that can be given as `NAME_FILE` as well, the path of a file with the value. */
export const textOrFile = (options: TStringOptions & { description: string }) => Type.String({ ...options, orFile: true })

/** What every service reads. Names are those of `services/lab.env` and of the table in `services/README.md`. */
export const commonSettings = {
  HOST: Type.String({ default: '127.0.0.1', description: 'the address to listen on' }),
  STATE_DIR: Type.String({ default: '.lab', description: 'a folder that the service may write to' }),
  STORE_URL: Type.Optional(textOrFile({
    pattern: '^(valkey|redis)s?://([^\\s/?#@]+@)?[^\\s/?#@]+(/\\d*)?$',
    description: 'where Valkey is: valkey://[user:password@]host[:port][/database], or valkeys:// for TLS'
  })),
  LAB: Type.Boolean({ default: false, description: 'true or false' }),
  LOG_LEVEL: Type.Union(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map(level => Type.Literal(level)),
    { default: 'info', description: 'one of fatal, error, warn, info, debug, trace, silent' }
  ),
  LOG_FORMAT: Type.Union([Type.Literal('json'), Type.Literal('pretty')], { default: 'json', description: 'json or pretty' }),
  TRUSTED_PROXIES: Type.String({
    default: '',
    format: 'address-ranges',
    description: 'IP addresses and CIDR ranges, separated by commas or spaces'
  }),
  APP_PORT: port(3000),
  IDP_PORT: port(3001),
  GENESYS_PORT: port(3002),
  CONSOLE_PORT: port(3003),
  TLS: Type.Union([Type.Literal('on'), Type.Literal('off')], { default: 'off', description: 'on or off' }),
  LOCALHOST_SUBDOMAINS: Type.Union([Type.Literal('on'), Type.Literal('one-site'), Type.Literal('off')], { default: 'on', description: 'on, one-site or off' }),
  APP_URL: url,
  IDP_ISSUER: url,
  GENESYS_URL: url,
  CONSOLE_URL: url
}

type CommonSettings = Static<ReturnType<typeof Type.Object<typeof commonSettings>>>

/** A setting that is a URL; it is read in the one spelling that `oneSpelling` gives it. */
export function urlOf (options: TStringOptions & { description: string }) {
  return Type.String({ ...options, isUrl: true })
}

/**
 * A URL as everybody writes it who parses it: scheme and host in lower case, an international name in ASCII, no default port. Clients
 * parse what they send, and redirect URIs are compared character by character. What is no URL stays as it is.
 *
 * A slash at the end is there where it was, since of an issuer it is a part.
 *
 * @see https://url.spec.whatwg.org/#url-parsing
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3
 */
export function oneSpelling (url: string): string {
  const href = URL.parse(url)?.href ?? url
  return url.endsWith('/') ? href : href.replace(/\/$/, '')
}

/** A setting that holds a secret, itself or in a file: never with a default, and long enough not to be guessed. */
export const secret = (minLength = 16) =>
  textOrFile({ minLength, description: `a secret of at least ${minLength} characters` })

/**
 * Read and check settings.
 *
 * @param service name of the service, for the message
 * @param properties schemas, by the variable's name; `description` says what a good value is, and `format` may
 *   be one of `settingFormats`
 * @param env where the values come from, `process.env` as a rule; an empty value counts as not set
 * @returns the values in the types of the schema, those from files among them
 * @throws {SettingsError} naming every setting that is missing or malformed, and every file that cannot be read
 */
export function loadSettings<T extends TProperties> (service: string, properties: T, env: NodeJS.ProcessEnv) {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')
    .map(([name, value]) => [name, optionsOf(properties, name).isUrl ? oneSpelling(value!) : value]))
  const files = readSettingFiles(Object.keys(properties).filter(name => optionsOf(properties, name).orFile), set)
  const problems = new Map(files.problems)
  const values: unknown = Object.fromEntries(
    Object.entries({ ...set, ...files.values }).filter(([name]) => name in properties))
  const validate = validatorOf(properties)
  if (validate(values) && problems.size === 0) return values
  for (const name of (validate.errors ?? []).map(nameOfSetting)) {
    if (problems.has(name)) continue
    const what = name in files.paths
      ? `${name}_FILE: what ${files.paths[name]} holds is malformed`
      : `${name}: ${name in set ? 'is malformed' : 'is missing'}`
    problems.set(name, `${what}; it must be ${optionsOf(properties, name).description}`)
  }
  const lines = [...problems.values()].map(problem => `  ${problem}`)
  throw new SettingsError(
    `${service} cannot start, ${lines.length === 1 ? 'a setting is' : 'settings are'} wrong:\n${lines.join('\n')}`)
}

// Memoized by what a schema says, as a service may put its own together anew: to compile one takes longer than all else here.
const validators = new Map<string, ValidateFunction>()

function validatorOf<T extends TProperties> (properties: T) {
  const schema = Type.Object(properties)
  const key = JSON.stringify(schema)
  const validate = validators.get(key) ?? ajv.compile(schema)
  validators.set(key, validate)
  return validate as ValidateFunction<Static<TObject<T>>>
}

const optionsOf = (properties: TProperties, name: string) =>
  (properties[name] ?? {}) as { description?: string, orFile?: boolean, isUrl?: boolean }

function nameOfSetting (error: ErrorObject): string {
  return error.keyword === 'required' ? String(error.params.missingProperty) : error.instancePath.split('/')[1] ?? ''
}

/** The one URL of each part, the same for browsers, services and tests. */
export interface Addresses {
  /** origin of the relying party, without a slash at the end */
  app: string
  /**
   * issuer identifier of the identity provider, with a slash at its end or without as it is set: it is compared character by
   * character, and that of some providers ends in one (https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation)
   */
  issuer: string
  /** origin of the messaging stand-in: script, REST and, as ws(s), guest WebSocket; without a slash at the end */
  genesys: string
  /** URL of the console, which is there in a lab alone; without a slash at the end */
  console: string
}

const hostNames = {
  on: ['app.localhost', 'idp.localhost', 'genesys.localhost', 'lab.localhost'],
  'one-site': ['app.lab.localhost', 'idp.lab.localhost', 'genesys.lab.localhost', 'lab.localhost'],
  off: ['localhost', '127.0.0.1', '127.0.0.1', '127.0.0.1']
} as const

/** The host names that the lab has by itself, those of the lessons among them: a certificate of the lab's own is for these. */
export const certifiedNames = [...new Set(Object.values(hostNames).flat()), 'careless.localhost', 'evil.localhost', 'evil.careless.localhost']
  .filter(name => name.endsWith('localhost'))

/**
 * Where the parts are: a whole URL where one is set, else on the part's port `*.localhost` or, for browsers that do not find
 * such names, the two that every system knows. For a browser those are two sites, as an application and its provider are; one site
 * is what `app.example.com` and `login.example.com` are, and lets the console's stage have all of them in one window.
 */
export function addressesOf (settings: CommonSettings): Addresses {
  const [app, idp, genesys, console] = hostNames[settings.LOCALHOST_SUBDOMAINS]
  const scheme = settings.TLS === 'on' ? 'https' : 'http'
  return {
    app: withoutTrailingSlash(settings.APP_URL ?? oneSpelling(`${scheme}://${app}:${settings.APP_PORT}`)),
    issuer: settings.IDP_ISSUER ?? oneSpelling(`${scheme}://${idp}:${settings.IDP_PORT}`),
    genesys: withoutTrailingSlash(settings.GENESYS_URL ?? oneSpelling(`${scheme}://${genesys}:${settings.GENESYS_PORT}`)),
    console: withoutTrailingSlash(settings.CONSOLE_URL ?? oneSpelling(`${scheme}://${console}:${settings.CONSOLE_PORT}`))
  }
}

/** A URL to append a path to. */
export const withoutTrailingSlash = (value: string) => value.replace(/\/+$/, '')

/** Where to listen, what to log, where to keep state: the part of every service's config that `serve` and `buildServer` use. */
export interface ServerConfig {
  name: string
  host: string
  port: number
  /** where the world finds this service */
  url: string
  /** addresses and CIDR ranges of the proxies that are believed when they say in X-Forwarded-For whom a request is from */
  trustedProxies: string[]
  stateFolder: string
  /** where Valkey is, which keeps what a service keeps in place of its state folder; with a password, perhaps */
  storeUrl?: string | undefined
  /** folder of the certificates that it speaks TLS by; where there is none, it leaves that to a proxy, or there is no TLS */
  certificates?: string | undefined
  log: {
    level: string
    format: 'json' | 'pretty'
    /** where lines of JSON go instead of the standard output */
    destination?: { write (line: string): void }
  }
}

/**
 * The `ServerConfig` that settings ask for.
 *
 * @throws {SettingsError} where the service is to speak TLS itself, at a URL that its certificate is not for
 */
export function serverConfigOf (name: string, port: number, url: string, settings: CommonSettings): ServerConfig {
  const { protocol, hostname } = new URL(url)
  if (settings.TLS === 'on' && (protocol !== 'https:' || ![...certifiedNames, '127.0.0.1', '[::1]'].includes(hostname))) {
    throw new SettingsError(`${name} cannot start: TLS=on is for https at ${certifiedNames.join(', ')}, and its URL is ${url}. ` +
      'Leave TLS out where a proxy has the certificate.')
  }
  return {
    name,
    // Not a name with two addresses, of which the system would choose one.
    host: settings.HOST === 'localhost' ? '127.0.0.1' : settings.HOST,
    port,
    url,
    trustedProxies: listed(settings.TRUSTED_PROXIES),
    stateFolder: `${settings.STATE_DIR}/${name}`,
    storeUrl: settings.STORE_URL,
    certificates: settings.TLS === 'on' ? `${settings.STATE_DIR}/tls` : undefined,
    log: { level: settings.LOG_LEVEL, format: settings.LOG_FORMAT }
  }
}
