import type { ErrorObject } from 'ajv'
import { Type, type Static, type TObject, type TProperties } from '#lib/schema.ts'
import { ofValues } from '#lib/validation.ts'
import type { Agent } from '../agent/agent.ts'
import type { Attachments } from '../attachments/attachments.ts'
import type { Connection, Connections } from '../conversations/connections.ts'
import type { Conversations } from '../conversations/conversations.ts'
import { uuid } from '../deployments.ts'
import type { Jwts } from '../auth/jwt.ts'
import { userOf, type GuestSession, type Sessions } from '../conversations/sessions.ts'
import type { Tokens } from '../auth/tokens.ts'
import type { Room } from '../room.ts'
import type { Turns } from '../turns.ts'
import { guestErrors, type Frame } from './frames.ts'
import type { RateLimits } from './rate-limits.ts'

/** What the actions work with. */
export interface Messaging {
  room: Room
  sessions: Sessions
  conversations: Conversations
  connections: Connections
  attachments: Attachments
  tokens: Tokens
  jwts: Jwts
  rateLimits: RateLimits
  agent: Agent
  inTurn: Turns
}

/** One request on a guest WebSocket, and how to answer it. */
export interface Call {
  connection: Connection
  messaging: Messaging
  answer (className: string, body: unknown, type?: Frame['type']): void
}

/** @throws {GuestError} where the request cannot be met */
export type Action = (request: object, call: Call) => Promise<void>

// The token is the session, so it has to be hard to guess: a UUID, as all of Genesys' clients make it.
const token = Type.String({ pattern: uuid })

/**
 * An action of the guest protocol.
 *
 * @param properties what its request has beside `action`, `token` and `tracingId`
 */
export function defineAction<P extends TProperties> (
  properties: P,
  handle: (request: Static<TObject<P>> & { token: string }, call: Call) => Promise<void>
): Action {
  const schema = Type.Object({ ...properties, token })
  return async (request, call) => {
    const validate = ofValues.compile(schema)
    if (!validate(request)) throw whatIsWrong(validate.errors!)
    const { token } = request as { token: string }
    // Several sockets of a session act on it as one would.
    await call.messaging.inTurn(`session ${call.connection.deployment.id}/${token.toLowerCase()}`, () =>
      handle(request as object as Static<TObject<P>> & { token: string }, call))
  }
}

function whatIsWrong (errors: ErrorObject[]) {
  // Of a union, that it does not match is enough; each of its branches would have its own complaint.
  const own = errors.filter(({ schemaPath }) => !schemaPath.includes('/anyOf/'))
  const missing = own.filter(({ keyword }) => keyword === 'required').map(({ params }) => String(params['missingProperty']))
  if (missing.length > 0) return guestErrors.missingParameter(missing.join(', '))
  const fields = [...new Set(own.map(error => error.instancePath.slice(1).replaceAll('/', '.')))]
  return guestErrors.requestFailed(`Malformed: ${fields.join(', ')}`)
}

/**
 * The session that was configured on the socket of a call.
 *
 * A session that is there but was not configured on this socket counts as not found: our choice, so that a token cannot
 * be tried out with anything but a configure request.
 *
 * @throws {GuestError} 4007, 4006 where it has expired, or 401 where its guest has signed in since
 */
export async function configuredSession (token: string, { connection, messaging: { sessions } }: Call): Promise<GuestSession> {
  const { configured, expired } = connection
  if (expired === token.toLowerCase()) throw guestErrors.sessionExpired()
  if (configured?.token !== token.toLowerCase()) throw guestErrors.sessionNotFound()
  const session = await sessions.find(configured.session)
  // Least privilege: the session may have become a person's since, and a socket acts in the name that it was configured in.
  if (session && userOf(session) !== configured.user) throw guestErrors.unauthorized()
  if (session) return session
  throw await sessions.hasExpired(configured.session) ? guestErrors.sessionExpired() : guestErrors.sessionNotFound()
}
