import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { connectionEvent } from './connection-event.ts'

/** Milliseconds that a request which was begun has to end in, when the service is to end. Docker kills after ten seconds. */
export const gracePeriodMs = 8_000

/** Milliseconds for which a service behind a proxy still takes requests once it is told to end. */
export const drainMs = 1_500

const draining = new WeakSet<Server>()

/**
 * Drain: have proxies go elsewhere before anything is refused. They hear of it only by asking `/readyz`, as they do before each request
 * that must not be sent twice; what they send until they have heard is served as ever.
 *
 * @returns resolves once none comes any more
 */
export async function drain (server: Server): Promise<void> {
  draining.add(server)
  await new Promise(resolve => setTimeout(resolve, drainMs))
}

/** Whether it is on its way out, though it still answers. */
export const isDraining = (server: Server): boolean => draining.has(server)

/**
 * Grace period: ends the connections of a server so that nothing is lost which was begun. Those without a request end at once,
 * streams of events too, since their readers come again; the others with their last answer, or when the time is up.
 *
 * @param onCut told what did not end in time, each request by its method and URL
 * @returns begins it; the server is then to be closed, which ends when all its connections have
 */
export function graceOf (server: Server, onCut: (requests: IncomingMessage[]) => void, periodMs = gracePeriodMs): () => void {
  const connections = new Map<Socket, Map<IncomingMessage, ServerResponse>>()
  let isEnding = false

  server.on(connectionEvent(server), (socket: Socket) => {
    if (isEnding) {
      socket.destroy()
      return
    }
    connections.set(socket, new Map())
    socket.once('close', () => connections.delete(socket))
  })
  server.prependListener('request', (request, response) => {
    const underWay = connections.get(request.socket)
    underWay?.set(request, response)
    response.once('close', () => {
      underWay?.delete(request)
      if (isEnding && underWay?.size === 0) request.socket.destroySoon()
    })
  })
  // What became a WebSocket is for those to end who serve it.
  server.once('listening', () => {
    if (server.listenerCount('upgrade') > 0) server.prependListener('upgrade', (_request, socket) => connections.delete(socket as Socket))
  })

  function cut () {
    const left = [...connections].flatMap(([, underWay]) => [...underWay.keys()])
    if (left.length > 0) onCut(left)
    for (const socket of connections.keys()) socket.destroy()
  }

  return () => {
    isEnding = true
    for (const [socket, underWay] of connections) {
      const lasting = [...underWay.values()].filter(response => !isStream(response))
      if (lasting.length === 0) socket.destroySoon()
    }
    setTimeout(cut, periodMs).unref()
  }
}

const isStream = (response: ServerResponse) =>
  response.headersSent && String(response.getHeader('content-type')).startsWith('text/event-stream')
