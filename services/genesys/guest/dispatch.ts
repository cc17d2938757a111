import type { Logger } from '#lib/http-server.ts'
import type { Connection } from '../conversations/connections.ts'
import type { Action, Messaging } from './action.ts'
import { closeSession } from './close-session.ts'
import { configureAuthenticatedSession, configureSession } from './configure-session.ts'
import { deleteAttachment } from './delete-attachment.ts'
import { echo } from './echo.ts'
import { GuestError, guestErrors } from './frames.ts'
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
  const tracing = 'tracingId' in request && typeof request.tracingId === 'string' ? { tracingId: request.tracingId } : {}
  try {
    await messaging.rateLimits.count('requests', connection.id)
    if (request instanceof GuestError) throw request
    await actionOf(request)(request, {
      connection,
      messaging,
      answer: (className, body, type = 'response') => connection.send({ type, class: className, code: 200, body, ...tracing })
    })
  } catch (error) {
    if (!(error instanceof GuestError)) log.error({ err: error }, 'unexpected failure on a guest WebSocket')
    const { frame } = error instanceof GuestError ? error : guestErrors.unexpected()
    connection.send({ ...frame, ...tracing })
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
