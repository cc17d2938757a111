import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '#lib/validation/schema.ts'
import type { Deployment } from '../deployments/deployments-file.ts'
import { activeDeployment, allowsOrigin } from '../deployments/lookup.ts'
import { GuestError } from '../protocol/guest-errors.ts'
import { PlatformError } from '../protocol/platform-errors.ts'
import type { RateLimiter } from '../protocol/rate-limiter.ts'
import { uuid } from '../protocol/uuid.ts'
import type { JourneyEvent, Traits, VisitorJourneyStore } from './visitor-journey-store.ts'

const params = Type.Object({ deploymentId: Type.String() })
const customerId = Type.String({ pattern: uuid, description: 'a UUID' })
const oneOf = <T extends string>(...values: T[]) => Type.Union(values.map(value => Type.Literal(value)))

// As the Platform API has it (`CustomEventAttribute`), or the value alone. Not by its schema, which would make texts of numbers.
const attribute = Type.Unknown()
const attributes = Type.Record(Type.String({ pattern: '^[^]{1,100}$' }), attribute, { maxProperties: 30, additionalProperties: false })
const trait = Type.Optional(attribute)

const webEvent = Type.Object({
  customerCookieId: customerId,
  eventName: Type.String({ pattern: '^[A-Za-z0-9_]{1,100}$', description: 'letters, digits and underscores' }),
  page: Type.Object({ url: Type.String({ minLength: 1, maxLength: 2000 }), title: Type.String({ maxLength: 500 }) }),
  attributes: Type.Optional(attributes),
  traits: Type.Optional(Type.Object({ givenName: trait, familyName: trait, email: trait, cellPhone: trait }, { additionalProperties: false })),
  createdDate: Type.String({ format: 'date-time' })
})

const actionEvent = Type.Object({
  sessionId: customerId,
  actionId: Type.String({ pattern: uuid, description: 'a UUID' }),
  actionState: oneOf(
    'accepted', 'rejected', 'timedout', 'errored', 'ignored', 'qualified', 'offered', 'started', 'engaged',
    'qualifiedOutsideSchedule', 'offeredOutsideSchedule', 'abandoned', 'completed', 'frequencyCapReached'),
  errorCode: Type.Optional(Type.String({ maxLength: 200 })),
  errorMessage: Type.Optional(Type.String({ maxLength: 1000 }))
})

const maxEventBytes = 4096
const maxCharacters = 1000
// "Events older than an hour will be rejected", says the model. A clock may be ahead a little.
const oldestMs = 60 * 60 * 1000
const aheadMs = 5 * 60 * 1000

/**
 * What visitors do on the brand's pages (`postJourneyDeploymentWebevents`, `postJourneyDeploymentActionevent`). Whose pages may
 * tell is said by the deployment's domains, as everywhere.
 */
export const visitorJourneyRoutes: FastifyPluginAsyncTypebox<{
  deployments: Deployment[]
  visitorJourneys: VisitorJourneyStore
  rateLimiter: RateLimiter
}> = async (app, { deployments, visitorJourneys, rateLimiter }) => {
  const base = '/api/v2/journey/deployments/:deploymentId'

  app.post(`${base}/webevents`, { schema: { params, body: webEvent }, bodyLimit: 4 * maxEventBytes }, async ({ params, body, headers }, reply) => {
    const deployment = find(params.deploymentId, headers.origin)
    const { customerCookieId, eventName, page: { url, title }, attributes = {}, traits = {}, createdDate } = body
    const age = Date.now() - Date.parse(createdDate)
    if (age > oldestMs || age < -aheadMs) throw badRequest('createdDate must be within the last hour')
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) throw badRequest('page.url must be the URL of a page')
    if (Buffer.byteLength(JSON.stringify(attributes)) > maxEventBytes) throw badRequest(`attributes must not be over ${maxEventBytes} bytes`)
    await rateLimiter.countRequest('journeyEvents', `${deployment.id}/${customerCookieId}`, reply)
    const { id } = await visitorJourneys.record(deployment.id, customerCookieId, {
      eventName,
      page: { url, title },
      attributes: plain(attributes),
      traits: Object.fromEntries(Object.entries(plain(traits)).map(([name, value]) => [name, String(value)])) as Traits,
      createdDate: new Date(createdDate).toISOString()
    }).catch(refuse)
    return { id, eventName, createdDate }
  })

  app.post(`${base}/actionevent`, { schema: { params, body: actionEvent }, bodyLimit: 4 * maxEventBytes }, async ({ params, body, headers }, reply) => {
    const deployment = find(params.deploymentId, headers.origin)
    const { sessionId, actionId, actionState, errorCode, errorMessage } = body
    await rateLimiter.countRequest('journeyEvents', `${deployment.id}/${sessionId}`, reply)
    await visitorJourneys.record(deployment.id, sessionId, {
      eventName: `action_${actionState}`,
      page: { url: headers.referer?.slice(0, 2000) ?? headers.origin ?? '', title: '' },
      attributes: { actionId, ...(errorCode !== undefined && { errorCode }), ...(errorMessage !== undefined && { errorMessage }) },
      createdDate: new Date().toISOString()
    }).catch(refuse)
    return await reply.code(202).send()
  })

  function find (id: string, origin: string | undefined): Deployment {
    const deployment = activeDeployment(deployments, id)
    if (!deployment) throw new PlatformError(404, { reason: 'there is no such active deployment' })
    if (!allowsOrigin(deployment, origin)) throw new PlatformError(403, { reason: 'the origin is not one of allowedDomains' })
    if (!deployment.journeyEvents.enabled) throw new PlatformError(403, { reason: 'the deployment has journeyEvents switched off' })
    return deployment
  }
}

/** Each attribute as its value alone. */
function plain (attributes: Record<string, unknown>): JourneyEvent['attributes'] {
  return Object.fromEntries(Object.entries(attributes).map(([name, attribute]) => {
    const value = typeof attribute === 'object' && attribute !== null && 'value' in attribute ? attribute.value : attribute
    if (!isAttribute(value)) throw badRequest(`${name} must be a text of ${maxCharacters} characters at most, a number, true or false`)
    return [name, value]
  }))
}

const isAttribute = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' ? value.length <= maxCharacters : typeof value === 'number' || typeof value === 'boolean'

function refuse (error: unknown): never {
  if (!(error instanceof GuestError)) throw error
  throw new PlatformError(503, { message: error.message, reason: error.message, cause: error })
}

const badRequest = (message: string) => new PlatformError(400, { message, reason: message })
