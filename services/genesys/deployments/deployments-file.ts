import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { readDataFile, type FieldMistake } from '#lib/settings/data-file.ts'
import { Type, type Static } from '#lib/validation/schema.ts'
import { words } from '#lib/validation/words.ts'
import { uuid } from '../protocol/uuid.ts'

// https://www.rfc-editor.org/rfc/rfc6838#section-4.2
const restrictedName = '[0-9A-Za-z][0-9A-Za-z!#$&^_.+-]*'
const mediaRange = `^(\\*/\\*|${restrictedName}/(\\*|${restrictedName}))$`

const strict = { additionalProperties: false }
const toggle = Type.Object({ enabled: Type.Boolean() }, strict)

const entry = Type.Object({
  id: Type.String({ pattern: uuid, description: 'a UUID' }),
  version: Type.String({ minLength: 1 }),
  status: Type.Union([Type.Literal('Active'), Type.Literal('Inactive')]),
  languages: Type.Array(Type.String(), { minItems: 1 }),
  defaultLanguage: Type.String(),
  customI18nLabels: Type.Optional(Type.Array(Type.Object({
    language: Type.String(),
    // Of Genesys' keys, that of the window's title is the one which counts here.
    localizedLabels: Type.Array(Type.Object({ key: Type.String(), value: Type.String({ minLength: 1 }) }, strict))
  }, strict))),
  allowAllDomains: Type.Boolean({ default: false }),
  allowedDomains: Type.Array(Type.String(), { default: [] }),
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
        fileTypes: Type.Array(
          Type.String({ pattern: mediaRange, description: 'a media type as image/png, or several as image/*' }), { minItems: 1 }),
        maxFileSizeKB: Type.Integer({ minimum: 1 })
      }, strict))
    }, { ...strict, default: { modes: [] } })
  }, strict),
  // What the KnowledgeService plugin finds. At Genesys it is in the cloud.
  knowledge: Type.Optional(Type.Object({
    articles: Type.Array(Type.Object({
      id: Type.String({ minLength: 1 }),
      title: Type.String({ minLength: 1 }),
      body: Type.String({ minLength: 1 }),
      category: Type.Optional(Type.String({ minLength: 1 }))
    }, strict))
  }, strict)),
  journeyEvents: toggle
}, strict)

/** A Messenger deployment as `deployments.yaml` describes it; its id in lower case, its domains as browsers name hosts. */
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
  file = join(import.meta.dirname, '../deployments.yaml')
): Deployment[] {
  const read = readDataFile(file, { entries, key: 'id', spellings: { id: id => id.toLowerCase() }, settings, mistakesIn })
  return read.map(deployment => ({
    ...deployment,
    id: deployment.id.toLowerCase(),
    allowedDomains: deployment.allowedDomains.map(domain => hostIn(domain) ?? domain)
  }))
}

/** What the schema cannot say: what would only show as a page without a chat, or a chat without a sign-in. */
function mistakesIn ({ allowedDomains, auth, languages, defaultLanguage }: Deployment): FieldMistake[] {
  const mistakes = allowedDomains.flatMap((domain, index) => {
    const mistake = mistakeInDomain(domain)
    return mistake ? [{ path: ['allowedDomains', String(index)], mistake }] : []
  })
  if (!languages.includes(defaultLanguage)) {
    mistakes.push({ path: ['defaultLanguage'], mistake: words.oneOf(languages, defaultLanguage) })
  }
  for (const field of ['allowSessionUpgrade', 'implicitFlow'] as const) {
    if (auth[field] && !auth.enabled) mistakes.push({ path: ['auth', field], mistake: 'needs auth.enabled, which is false' })
  }
  return mistakes
}

function mistakeInDomain (domain: string): string | undefined {
  const host = hostIn(domain)
  const isPlain = isIPv6(domain.slice(1, -1)) || !/[\s*/?#@:\\]|^\.|\.$/.test(domain)
  if (isPlain && host !== undefined) return undefined
  const what = `"${domain}" is not a host name alone`
  if (/^\s*\*\s*$/.test(domain)) return `${what}: write allowAllDomains: true instead, for pages of all hosts`
  if (host === undefined) return `${what}: write one as www.example.com`
  const below = domain.includes('*') ? ', which stands for all hosts below it too' : ''
  return `${what}: write ${host}${below}`
}

/** The host that a person means who has written it with a scheme, a port, a path, a star or a blank: as browsers name it. */
function hostIn (domain: string): string | undefined {
  const authority = domain.trim().replace(/^[a-z][a-z0-9+.-]*:\/\//i, '').replace(/^(\*?\.)+/, '')
  const bracketed = isIPv6(authority) ? `[${authority}]` : authority
  const host = URL.canParse(`http://${bracketed}`) ? new URL(`http://${bracketed}`).hostname.replace(/\.$/, '') : ''
  return host === '' || host.includes('*') ? undefined : host
}
