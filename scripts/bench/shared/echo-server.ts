// A bare `ws` server that sends back what comes: what a message costs before anything is done with it.
import { WebSocketServer } from 'ws'

const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.env['PORT']) })
server.on('connection', socket => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
})
