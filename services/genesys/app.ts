import { join } from 'node:path'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import { health } from '#lib/health.ts'
import { buildServer, type Server } from '#lib/http-server.ts'
import { openStateFolder } from '#lib/state-folder.ts'
import { openStore } from '#lib/store.ts'
import { createAgent } from './agent.ts'
import type { GenesysConfig } from './config.ts'
import { createConnections } from './connections.ts'
import { openConversations } from './conversations.ts'
import { platformErrors } from './errors.ts'
import { openJwts } from './jwt.ts'
import { createOidcClient } from './oidc.ts'
import { bootstrap } from './routes/bootstrap.ts'
import { deploymentConfiguration } from './routes/deployment-configuration.ts'
import { guestMessages } from './routes/guest-messages.ts'
import { guestSocket } from './routes/guest-socket.ts'
import { tokenExchange } from './routes/token-exchange.ts'
import { tokenRefresh } from './routes/token-refresh.ts'
import { tokenRevoke } from './routes/token-revoke.ts'
import { openSessions } from './sessions.ts'
import { openTokens } from './tokens.ts'
import { webSockets } from './web-sockets.ts'

/**
 * The messaging stand-in: Genesys Cloud's script, REST and guest WebSocket for Messenger, on one origin.
 *
 * @param config as `loadGenesysConfig` makes it
 * @returns the app, not listening yet; closing it closes its sockets, then its store
 */
export async function buildGenesys (config: GenesysConfig): Promise<Server> {
  const { deployments, url } = config
  const app = buildServer(config)
  const stateFolder = openStateFolder(config.stateFolder)
  const store = openStore(join(stateFolder, 'genesys.sqlite'))

  const oidc = createOidcClient(config)
  const jwts = await openJwts(stateFolder, url)
  const tokens = openTokens(store, jwts)
  const connections = createConnections()
  const sessions = openSessions(store)
  const conversations = openConversations(store, connections)
  const agent = createAgent({ sessions, conversations, delayMs: config.agentDelayMs, log: app.log })
  app.addHook('onClose', async () => {
    agent.stop()
    store.close()
  })

  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    // Pages of other origins load the script.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    strictTransportSecurity: url.startsWith('https:')
  })
  // Genesys answers pages of any origin. No cookie is involved; who may do what is in the tokens.
  await app.register(cors, {
    origin: '*',
    methods: ['GET', 'POST', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'x-journey-session-id', 'x-journey-session-type'],
    maxAge: 600
  })
  await app.register(platformErrors)
  await app.register(webSockets)
  await app.register(health)

  await app.register(bootstrap)
  await app.register(deploymentConfiguration, { deployments, url })
  await app.register(tokenExchange, { deployments, oidc, tokens })
  await app.register(tokenRefresh, { tokens })
  await app.register(tokenRevoke, { tokens, connections })
  await app.register(guestMessages, { conversations, jwts })
  await app.register(guestSocket, { deployments, messaging: { sessions, conversations, connections, tokens, jwts, agent } })
  return app
}
