import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { createSerialQueue } from '#lib/concurrency/serial-queue.ts'
import { Type } from '#lib/validation/schema.ts'
import type { Deployment } from '../deployments/deployments-file.ts'
import { activeDeployment, allowsOrigin } from '../deployments/lookup.ts'
import { PlatformError } from '../protocol/platform-errors.ts'
import { dispatch } from './dispatch.ts'
import type { Messaging } from './messaging.ts'
import { SocketConnection } from './socket-connection.ts'

const querystring = Type.Object({
  deploymentId: Type.Optional(Type.String()),
  application: Type.Optional(Type.String())
})

// Bulkhead: of all sockets that may be open, so many are left to others than the address that has most.
const shareOfAddress = 0.75

// Back-pressure: what has come in and waits for its turn, before more is read.
const maxWaitingBytes = 64 * 1024

/**
 * The guest WebSocket of the Web Messaging API.
 *
 * @param options.maxSockets how many may be open at once
 */
export const socketRoutes: FastifyPluginAsyncTypebox<{ deployments: Deployment[], maxSockets: number, messaging: Messaging }> =
  async (app, { deployments, maxSockets, messaging }) => {
    const ofAddress = new Map<string, number>()
    const count = (address: string) => ofAddress.get(address) ?? 0
    const leaving = new Set<Promise<void>>()
    // What is under way on the sockets that the end has closed needs the store, which closes after that.
    app.addHook('onClose', async () => { await Promise.all(leaving) })

    function checkPlaces (address: string) {
      const reason = app.websocketServer.clients.size >= maxSockets
        ? `${maxSockets} sockets are open`
        : count(address) >= maxSockets * shareOfAddress ? `${count(address)} sockets are open from ${address}` : undefined
      if (reason !== undefined) throw new PlatformError(503, { message: 'Too many connections are open, try again later.', reason })
    }

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
        await messaging.rateLimiter.countRequest('connections', deployment.id, reply)
        checkPlaces(request.ip)
      },
      handler: async () => { throw new PlatformError(426) },
      wsHandler: (socket, request) => {
        const { ip } = request
        ofAddress.set(ip, count(ip) + 1)
        socket.once('close', () => {
          if (count(ip) > 1) ofAddress.set(ip, count(ip) - 1)
          else ofAddress.delete(ip)
        })
        const connection = new SocketConnection(socket, activeDeployment(deployments, request.query.deploymentId)!)
        const inTurn = createSerialQueue()
        let waitingBytes = 0
        socket.on('message', (data: Buffer, isBinary) => {
          // This end has closed it, and what still comes is for nobody.
          if (socket.readyState !== socket.OPEN) return
          waitingBytes += data.length
          // The rest waits at the guest's.
          if (waitingBytes > maxWaitingBytes) socket.pause()
          // One after the other, so that answers come in the order of the requests.
          inTurn(async () => {
            await dispatch(isBinary ? undefined : data.toString(), connection, messaging, request.log)
            waitingBytes -= data.length
            if (socket.isPaused && waitingBytes <= maxWaitingBytes) socket.resume()
          })
        })
        // Not before what is under way is done: a request to configure would enter a socket that is gone.
        socket.on('close', () => {
          const left = inTurn(() => messaging.connections.leave(connection))
            .catch(() => { /* its entry ends without a heartbeat */ })
            .finally(() => leaving.delete(left))
          leaving.add(left)
        })
      }
    })
  }
