import { randomUUID } from 'node:crypto'
import type { WebSocketServer } from 'ws'
import { flattened } from '#lib/ledger/service-ledger.ts'
import type { RecordedSocket, TapedFrame } from '#lib/ledger/frame-tape.ts'
import { linkOf, linksOf } from '#lib/ledger/links.ts'
import type { Ledger } from '#lib/ledger/ledger.ts'

// A health check and its answer have this tracing id, whichever client of Genesys' it is: "HealthCheckMessageId" in base64.
const signOfLife = /"action":"echo"|"SGVhbHRoQ2hlY2tNZXNzYWdlSWQ="|"Typing"/

/** Take down in a ledger what goes over the guests' sockets, both ways. */
export function recordGuestFrames (server: WebSocketServer, ledger: Ledger): void {
  const record = ledger.tapeFrames({ describe, isSignOfLife: text => signOfLife.test(text) })
  server.on('connection', socket => {
    const recorded: RecordedSocket = { link: linkOf(randomUUID()), last: 0 }
    socket.on('message', (data, isBinary) => { if (!isBinary && Buffer.isBuffer(data)) record(recorded, 'in', data) })
    const { send } = socket
    socket.send = (...parameters: unknown[]) => {
      const [data] = parameters
      if (typeof data === 'string') record(recorded, 'out', data)
      return Reflect.apply(send, socket, parameters)
    }
  })
}

function describe ({ direction, text, at, time, link }: TapedFrame) {
  const message = membersOf(text)
  const name = String(message['action'] ?? message['class'] ?? 'unknown')
  const [from, to] = direction === 'in' ? ['browser', 'genesys'] : ['genesys', 'browser']
  const parameters = flattened(message)
  return {
    time,
    at,
    from,
    to,
    method: 'MESSAGE',
    endpoint: name,
    path: '/v1',
    frame: { direction, name, connection: link },
    parameters,
    status: typeof message['code'] === 'number' ? message['code'] : 200,
    answer: {},
    links: [link, ...linksOf({ parameters, answer: {}, requestHeaders: {}, answerHeaders: {} })],
    faults: [],
    violations: [],
    durationMs: 0
  }
}

function membersOf (data: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(data)
    return typeof value === 'object' && value !== null ? value as Record<string, unknown> : { value }
  } catch {
    return { body: data }
  }
}
