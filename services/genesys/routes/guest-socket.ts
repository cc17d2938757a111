import { randomUUID } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { WebSocket } from '@fastify/websocket'
import { Type } from '#lib/schema.ts'
import type { Connection } from '../conversations/connections.ts'
import { activeDeployment, allowsOrigin, type Deployment } from '../deployments.ts'
import { PlatformError } from '../errors.ts'
import type { Messaging } from '../guest/action.ts'
import { dispatch } from '../guest/dispatch.ts'
import { limitRate } from './limit-rate.ts'

const querystring = Type.Object({
  deploymentId: Type.Optional(Type.String()),
  application: Type.Optional(Type.String())
})

// What waits to be sent to a guest who does not read. No frame is longer than some kilobytes, so hundreds of them fit. Who is
// cut off connects anew, and finds in the history what was said meanwhile.
const maxUnsentBytes = 1024 * 1024

// What has come in and waits for its turn, before more is read.
const maxWaitingBytes = 64 * 1024

// So long whoever is banned may go on sending, which is read for nothing.
const farewellMs = 1_000

/** The guest WebSocket of the Web Messaging API. */
export const guestSocket: FastifyPluginAsyncTypebox<{ deployments: Deployment[], messaging: Messaging }> =
  async (app, { deployments, messaging }) => {
    app.route({
      method: 'GET',
      url: '/v1',
      schema: { querystring },
      preHandler: async (request, reply) => {
        if (!request.ws) {
          reply.header('upgrade', 'websocket')
          throw new PlatformError(426)
        }
        const deployment = activeDeployment(deployments, request.query.deploymentId)
        if (!deployment) throw new PlatformError(403, { reason: 'there is no such active deployment' })
        if (!allowsOrigin(deployment, request.headers.origin)) {
          throw new PlatformError(403, { reason: 'the origin is not one of allowedDomains' })
        }
        await limitRate(messaging.rateLimits, 'connections', deployment.id, reply)
      },
      handler: async () => { throw new PlatformError(426) },
      wsHandler: (socket, request) => {
        const connection = connect(socket, activeDeployment(deployments, request.query.deploymentId)!)
        let previous = Promise.resolve()
        let waitingBytes = 0
        socket.on('message', (data: Buffer, isBinary) => {
          // This end has closed it, and what still comes is for nobody.
          if (socket.readyState !== socket.OPEN) return
          waitingBytes += data.length
          // Backpressure: the rest waits at the guest's.
          if (waitingBytes > maxWaitingBytes) socket.pause()
          // One after the other, so that answers come in the order of the requests.
          previous = previous.then(async () => {
            await dispatch(isBinary ? undefined : data.toString(), connection, messaging, request.log)
            waitingBytes -= data.length
            if (socket.isPaused && waitingBytes <= maxWaitingBytes) socket.resume()
          })
        })
        // Not before what is under way is done: a request to configure would enter a socket that is gone.
        socket.on('close', () => previous.then(() => messaging.connections.leave(connection)))
      }
    })
  }

const connect = (socket: WebSocket, deployment: Deployment): Connection => ({
  id: randomUUID(),
  deployment,
  tooSoon: 0,
  send (frame) {
    socket.send(JSON.stringify(frame), () => { /* a socket that closes meanwhile: its client asks again */ })
    // A farewell would wait behind all that.
    if (socket.bufferedAmount > maxUnsentBytes) socket.terminate()
  },
  close: reason => socket.close(1000, reason),
  ban (reason) {
    // Policy violation (https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1)
    socket.close(1008, reason)
    setTimeout(() => socket.terminate(), farewellMs).unref()
  }
})
