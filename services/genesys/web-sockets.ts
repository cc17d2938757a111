import websocket, { type WebSocket } from '@fastify/websocket'
import fp from 'fastify-plugin'
import { PlatformError } from './errors.ts'

// As of the API Gateway that Genesys' WebSocket stands behind.
const maxFrameBytes = 128 * 1024
const closingTimeout = 1_000
const heartbeatInterval = 30_000

/** WebSockets, with a limit to the frames that come in, closed in order when the app closes. */
export const webSockets = fp(async app => {
  await app.register(websocket, {
    options: { maxPayload: maxFrameBytes },
    errorHandler (error, socket, request) {
      request.log.info(`a guest WebSocket failed: ${error.message}`)
      socket.terminate()
    },
    async preClose () {
      const { clients } = app.websocketServer
      // A client that has gone without a word would keep the app from closing for half a minute.
      const impatience = setTimeout(() => { for (const socket of clients) socket.terminate() }, closingTimeout)
      await Promise.all([...clients].map(socket => new Promise(resolve => {
        socket.once('close', resolve)
        socket.close(1001, 'The service is going away.')
      })))
      clearTimeout(impatience)
    }
  })

  // The library would let them in, and log their whole URL with the tokens in it, before it closes them.
  app.addHook('onRequest', async request => {
    if (request.ws && request.routeOptions.url !== '/v1') throw new PlatformError(404)
  })

  // Who has gone without a word is found out by a ping that nothing answers.
  const answered = new WeakSet<WebSocket>()
  const heartbeat = setInterval(() => {
    for (const socket of app.websocketServer.clients) {
      if (!answered.delete(socket)) socket.terminate()
      else socket.ping()
    }
  }, heartbeatInterval)
  heartbeat.unref()
  app.websocketServer.on('connection', socket => {
    answered.add(socket)
    socket.on('pong', () => answered.add(socket))
  })
  app.addHook('onClose', async () => clearInterval(heartbeat))
}, { name: 'web-sockets' })
