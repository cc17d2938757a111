import type { Logger } from '#lib/http-server.ts'
import type { Connection } from '../connections.ts'
import type { Action, Messaging } from './action.ts'
import { closeSession } from './close-session.ts'
import { configureAuthenticatedSession, configureSession } from './configure-session.ts'
import { echo } from './echo.ts'
import { GuestError, guestErrors } from './frames.ts'
import { getJwt } from './get-jwt.ts'
import { onMessage } from './on-message.ts'

const actions = new Map<string, Action>(Object.entries({
  configureSession,
  configureAuthenticatedSession,
  onMessage,
  echo,
  getJwt,
  closeSession
}))

/** The other actions of the Web Messaging API (`RequestType`), which this deployment of it has not. */
const unavailable = new Set([
  'onAttachment', 'getAttachment', 'deleteAttachment', 'disconnectCustomer', 'resumeToken', 'getConfiguration'
])

/** Answer one request of a guest, whatever it is: what fails is answered too, and the socket stays. */
export async function dispatch (data: string, connection: Connection, messaging: Messaging, log: Logger): Promise<void> {
  let tracing: { tracingId?: string } = {}
  try {
    const request = parse(data)
    if ('tracingId' in request && typeof request.tracingId === 'string') tracing = { tracingId: request.tracingId }
    const name = 'action' in request && typeof request.action === 'string' ? request.action : undefined
    if (name === undefined) throw guestErrors.missingParameter('action')
    if (unavailable.has(name)) throw guestErrors.featureUnavailable(name)
    const action = actions.get(name)
    if (!action) throw guestErrors.requestFailed('There is no such action.')
    await action(request, {
      connection,
      messaging,
      answer: (className, body, type = 'response') => connection.send({ type, class: className, code: 200, body, ...tracing })
    })
  } catch (error) {
    if (!(error instanceof GuestError)) log.error({ err: error }, 'unexpected failure on a guest WebSocket')
    const { code, message } = error instanceof GuestError ? error : guestErrors.unexpected()
    connection.send({ type: 'response', class: 'string', code, body: message, ...tracing })
  }
}

function parse (data: string): object {
  let request: unknown
  try {
    request = JSON.parse(data)
  } catch {
    throw guestErrors.requestFailed('The frame is not JSON.')
  }
  if (typeof request !== 'object' || request === null) throw guestErrors.requestFailed('The frame is not an object.')
  return request
}
