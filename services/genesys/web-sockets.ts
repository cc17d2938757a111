import websocket from '@fastify/websocket'
import fp from 'fastify-plugin'

// As of the API Gateway that Genesys' WebSocket stands behind.
const maxFrameBytes = 128 * 1024
const closingTimeout = 1_000

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
}, { name: 'web-sockets' })
