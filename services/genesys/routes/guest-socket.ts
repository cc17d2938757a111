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
        socket.on('message', (data, isBinary) => {
          // This end has closed it, and what still comes is for nobody.
          if (socket.readyState !== socket.OPEN) return
          // One after the other, so that answers come in the order of the requests.
          previous = previous.then(() => dispatch(isBinary ? undefined : data.toString(), connection, messaging, request.log))
        })
        // Not before what is under way is done: a request to configure would enter a socket that is gone.
        socket.on('close', () => previous.then(() => messaging.connections.leave(connection)))
      }
    })
  }

const connect = (socket: WebSocket, deployment: Deployment): Connection => ({
  id: randomUUID(),
  deployment,
  send: frame => socket.send(JSON.stringify(frame), () => { /* a socket that closes meanwhile: its client asks again */ }),
  close: reason => socket.close(1000, reason)
})
