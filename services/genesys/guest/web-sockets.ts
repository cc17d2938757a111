import { randomUUID } from 'node:crypto'
import websocket, { type WebSocket } from '@fastify/websocket'
import fp from 'fastify-plugin'
import { PlatformError } from '../protocol/platform-errors.ts'

// As of the API Gateway that Genesys' WebSocket stands behind.
const maxFrameBytes = 128 * 1024
const closeGraceMs = 1_000
const heartbeatMs = 30_000

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
      // Grace period: a client that has gone without a word would keep the app from closing for half a minute.
      const timeout = setTimeout(() => { for (const socket of clients) socket.terminate() }, closeGraceMs)
      await Promise.all([...clients].map(socket => new Promise(resolve => {
        socket.once('close', resolve)
        socket.close(1001, 'The service is going away.')
      })))
      clearTimeout(timeout)
    }
  })

  // The library would let them in, and log their whole URL with the tokens in it, before it closes them.
  app.addHook('onRequest', async request => {
    if (request.ws && request.routeOptions.url !== '/v1') throw new PlatformError(404)
  })

  // Heartbeat: who has gone without a word is found out by a ping that nothing answers, who does not read by one they cannot repeat.
  const answered = new WeakSet<WebSocket>()
  let question = ''
  const heartbeat = setInterval(() => {
    question = randomUUID()
    for (const socket of app.websocketServer.clients) {
      if (!answered.delete(socket)) socket.terminate()
      else socket.ping(question)
    }
  }, heartbeatMs)
  heartbeat.unref()
  app.websocketServer.on('connection', socket => {
    answered.add(socket)
    socket.on('pong', answer => { if (answer.toString() === question) answered.add(socket) })
  })
  app.addHook('onClose', async () => clearInterval(heartbeat))
}, { name: 'web-sockets' })
