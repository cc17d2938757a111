import type { Server } from 'node:http'
import { Server as TlsServer } from 'node:tls'

/** The event with which a server hands over a connection that requests come on: over TLS that is not the one that bytes come on. */
export const connectionEvent = (server: Server): 'connection' | 'secureConnection' => server instanceof TlsServer ? 'secureConnection' : 'connection'
