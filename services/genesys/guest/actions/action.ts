import { Type, type Static, type TObject, type TProperties } from '#lib/validation/schema.ts'
import { isMissing, mistakesIn, sentenceOf, type Mistake } from '#lib/validation/validator.ts'
import type { Frame } from '../../protocol/frames.ts'
import { guestErrors } from '../../protocol/guest-errors.ts'
import { uuid } from '../../protocol/uuid.ts'
import type { Connection } from '../../sessions/connections.ts'
import { userOf, type GuestSession } from '../../sessions/guest-session.ts'
import type { Messaging } from '../messaging.ts'

/** One request on a guest WebSocket, and how to answer it. */
export interface Call {
  connection: Connection
  messaging: Messaging
  answer (className: string, body: unknown, type?: Frame['type']): void
}

/** @throws {GuestError} where the request cannot be met */
export type Action = (request: object, call: Call) => Promise<void>

// The token is the session, so it has to be hard to guess: a UUID, as all of Genesys' clients make it.
const token = Type.String({ pattern: uuid, description: 'a UUID' })

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
    const mistakes = mistakesIn(schema, request)
    if (mistakes.length > 0) throw refusalOf(mistakes)
    const { token } = request as { token: string }
    // Several sockets of a session act on it as one would.
    await call.messaging.inTurn(`session ${call.connection.deployment.id}/${token.toLowerCase()}`, () =>
      handle(request as object as Static<TObject<P>> & { token: string }, call))
  }
}

function refusalOf (mistakes: Mistake[]) {
  // What an entry of a list lacks is no parameter.
  const missing = mistakes.filter(mistake => isMissing(mistake) && !mistake.path.some(step => /^\d+$/.test(step))).map(({ path }) => path.join('.'))
  return missing.length > 0 ? guestErrors.missingParameter(missing.join(', ')) : guestErrors.requestFailed(sentenceOf(mistakes))
}

/**
 * The session that was configured on the socket of a call.
 *
 * A session that is there but was not configured on this socket counts as not found, so that a token cannot be tried
 * out with anything but a configure request.
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
