import type { Logger } from '#lib/server/http-server.ts'
import { words } from '#lib/validation/words.ts'
import { GuestError, guestErrors, TooManyRequests } from '../protocol/guest-errors.ts'
import type { Connection } from '../sessions/connections.ts'
import type { Action } from './actions/action.ts'
import { closeSession } from './actions/close-session.ts'
import { configureAuthenticatedSession, configureSession } from './actions/configure-session.ts'
import { deleteAttachment } from './actions/delete-attachment.ts'
import { echo } from './actions/echo.ts'
import { getAttachment } from './actions/get-attachment.ts'
import { getConfiguration } from './actions/get-configuration.ts'
import { getJwt } from './actions/get-jwt.ts'
import { onAttachment } from './actions/on-attachment.ts'
import { onMessage } from './actions/on-message.ts'
import { resumeToken } from './actions/resume-token.ts'
import type { Messaging } from './messaging.ts'

const actions = new Map<string, Action>(Object.entries({
  configureSession,
  configureAuthenticatedSession,
  getConfiguration,
  resumeToken,
  onMessage,
  onAttachment,
  getAttachment,
  deleteAttachment,
  echo,
  getJwt,
  closeSession
}))

/** In the list of the Web Messaging API's actions (`RequestType`), but not documented anywhere. */
const unavailable = new Set(['disconnectCustomer'])

// A UUID has 36 characters. What would come back with every answer is no place for much more.
const maxTracingId = 256

// As many as a minute may have. Whoever goes on that long does not read the answers, or does not mean to wait.
const maxTooSoon = 60

/**
 * Answer one request of a guest, whatever it is: what fails is answered too, and the socket stays.
 *
 * @param data the frame, where it is text
 */
export async function dispatch (
  data: string | undefined,
  connection: Connection,
  messaging: Messaging,
  log: Logger
): Promise<void> {
  const request = parse(data)
  const tracingId = 'tracingId' in request && typeof request.tracingId === 'string' ? request.tracingId : undefined
  const isTraceable = tracingId !== undefined && tracingId.length <= maxTracingId
  const tracing = isTraceable ? { tracingId } : {}
  let isAnswered = false
  try {
    await messaging.rateLimiter.count('requests', connection.id)
    if (request instanceof GuestError) throw request
    if (tracingId !== undefined && !isTraceable) throw guestErrors.requestFailed(`tracingId: ${words.atMost(maxTracingId, 'character')}`)
    await actionOf(request)(request, {
      connection,
      messaging,
      answer (className, body, type = 'response') {
        isAnswered = true
        connection.send({ type, class: className, code: 200, body, ...tracing })
      }
    })
    connection.tooSoon = 0
  } catch (error) {
    if (!(error instanceof GuestError)) log.error({ err: error }, 'unexpected failure on a guest WebSocket')
    // What was acknowledged is done, whatever was to come of it.
    if (isAnswered) return
    const { frame } = error instanceof GuestError ? error : guestErrors.unexpected()
    connection.send({ ...frame, ...tracing })
    connection.tooSoon = error instanceof TooManyRequests ? connection.tooSoon + 1 : 0
    if (connection.tooSoon === maxTooSoon) connection.ban('Too many requests.')
  }
}

function parse (data: string | undefined): object {
  if (data === undefined) return guestErrors.requestFailed('The frame is binary.')
  let request: unknown
  try {
    request = JSON.parse(data)
  } catch {
    return guestErrors.requestFailed('The frame is not JSON.')
  }
  return typeof request === 'object' && request !== null ? request : guestErrors.requestFailed('The frame is not an object.')
}

function actionOf (request: object): Action {
  const name = 'action' in request && typeof request.action === 'string' ? request.action : undefined
  if (name === undefined) throw guestErrors.missingParameter('action')
  if (unavailable.has(name)) throw guestErrors.featureUnavailable(name)
  const action = actions.get(name)
  if (!action) throw guestErrors.requestFailed('There is no such action.')
  return action
}
