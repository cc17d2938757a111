import { join } from 'node:path'
import { domainToASCII } from 'node:url'
import { readDataFile } from '#lib/data-file.ts'
import { Type, type Static } from '#lib/schema.ts'

/** Pattern of deployment ids and session tokens. */
export const uuid = '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'

const strict = { additionalProperties: false }
const toggle = Type.Object({ enabled: Type.Boolean() }, strict)

const entry = Type.Object({
  id: Type.String({ pattern: uuid, description: 'a UUID' }),
  version: Type.String({ minLength: 1 }),
  status: Type.Union([Type.Literal('Active'), Type.Literal('Inactive')]),
  languages: Type.Array(Type.String(), { minItems: 1 }),
  defaultLanguage: Type.String(),
  allowAllDomains: Type.Boolean({ default: false }),
  allowedDomains: Type.Array(Type.String({ minLength: 1 }), { default: [] }),
  auth: Type.Object({
    enabled: Type.Boolean(),
    allowSessionUpgrade: Type.Boolean({ default: false }),
    // A property of the OpenID Connect integration, which no page gets to see.
    implicitFlow: Type.Boolean({ default: false })
  }, strict),
  // 72 hours, Genesys' default. There it is 15 minutes at least; here tests can be quick.
  sessionDurationSeconds: Type.Integer({ minimum: 1, default: 72 * 60 * 60 }),
  headlessMode: Type.Optional(toggle),
  messenger: Type.Object({
    enabled: Type.Boolean(),
    apps: Type.Object({
      conversations: Type.Object({
        autoStart: toggle,
        conversationClear: toggle,
        conversationDisconnect: Type.Object({
          enabled: Type.Boolean(),
          type: Type.Union([Type.Literal('ReadOnly'), Type.Literal('Send')])
        }, strict),
        showAgentTypingIndicator: Type.Boolean({ default: true }),
        showUserTypingIndicator: Type.Boolean({ default: true })
      }, strict)
    }, strict),
    styles: Type.Object({ primaryColor: Type.String({ pattern: '^#[0-9a-fA-F]{6}$', description: 'a colour as #1d4e56' }) }, strict),
    launcherButton: Type.Object({
      visibility: Type.Union([Type.Literal('On'), Type.Literal('Off'), Type.Literal('OnDemand')])
    }, strict),
    fileUpload: Type.Object({
      modes: Type.Array(Type.Object({
        fileTypes: Type.Array(Type.String()),
        maxFileSizeKB: Type.Integer({ minimum: 1 })
      }, strict))
    }, { ...strict, default: { modes: [] } })
  }, strict),
  journeyEvents: toggle
}, strict)

/** A Messenger deployment as `deployments.yaml` describes it. */
export type Deployment = Static<typeof entry>

const entries = Type.Array(entry, { minItems: 1 })

/**
 * Read the Messenger deployments.
 *
 * @param settings what `${NAME}` in the file may refer to
 * @param file another file than the service's own
 * @throws {DataFileError} naming the file, the entry and the field of each mistake
 */
export function readDeployments (
  settings: Record<string, string>,
  file = join(import.meta.dirname, 'deployments.yaml')
): Deployment[] {
  return readDataFile(file, { entries, key: 'id', settings })
}

/** The deployment of an id, where it is there and switched on. */
export function activeDeployment (deployments: Deployment[], id: string | undefined): Deployment | undefined {
  return deployments.find(deployment => deployment.id === id && deployment.status === 'Active')
}

/**
 * Whether a page of an origin may use a deployment: its host, or a parent domain of it, is listed.
 *
 * Genesys' mobile SDK sends the bare host as `Origin`, without a scheme. A client without an `Origin` is let in only
 * where all domains are: our choice, Genesys does not say.
 */
export function allowsOrigin (deployment: Deployment, origin: string | undefined): boolean {
  if (deployment.allowAllDomains) return true
  const url = origin?.includes('://') ? origin : `http://${origin ?? ''}`
  if (!URL.canParse(url)) return false
  const { hostname } = new URL(url)
  return deployment.allowedDomains.map(inAscii).some(domain => hostname === domain || hostname.endsWith(`.${domain}`))
}

/** As browsers name a host: in lower case, and an international name in ASCII. */
const inAscii = (domain: string) => domainToASCII(domain) || domain

/** The deployment configuration that a page or an app fetches before it connects. */
export function configurationOf (deployment: Deployment, url: string) {
  const { allowAllDomains, allowedDomains, sessionDurationSeconds, auth, messenger, ...rest } = deployment
  const { conversations } = messenger.apps
  const messagingEndpoint = url.replace(/^http/, 'ws')
  return {
    ...rest,
    auth: { enabled: auth.enabled, allowSessionUpgrade: auth.allowSessionUpgrade },
    apiEndpoint: url,
    messenger: { ...messenger, apps: { conversations: { messagingEndpoint, ...conversations } } }
  }
}
