import type { Logger } from '#lib/http-server.ts'
import type { Connection } from '../conversations/connections.ts'
import type { Action, Messaging } from './action.ts'
import { closeSession } from './close-session.ts'
import { configureAuthenticatedSession, configureSession } from './configure-session.ts'
import { deleteAttachment } from './delete-attachment.ts'
import { echo } from './echo.ts'
import { GuestError, guestErrors, TooManyRequests } from './frames.ts'
import { getAttachment } from './get-attachment.ts'
import { getConfiguration } from './get-configuration.ts'
import { getJwt } from './get-jwt.ts'
import { onAttachment } from './on-attachment.ts'
import { onMessage } from './on-message.ts'
import { resumeToken } from './resume-token.ts'

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

// A UUID has 36 characters. What would come back with every answer is no place for more; how much, is our choice.
const maxTracingId = 256

// As many as a minute may have. Whoever goes on that long does not read the answers, or does not mean to wait: our choice.
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
  try {
    await messaging.rateLimits.count('requests', connection.id)
    if (request instanceof GuestError) throw request
    if (tracingId !== undefined && !isTraceable) throw guestErrors.requestFailed('Malformed: tracingId')
    await actionOf(request)(request, {
      connection,
      messaging,
      answer: (className, body, type = 'response') => connection.send({ type, class: className, code: 200, body, ...tracing })
    })
    connection.tooSoon = 0
  } catch (error) {
    if (!(error instanceof GuestError)) log.error({ err: error }, 'unexpected failure on a guest WebSocket')
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
