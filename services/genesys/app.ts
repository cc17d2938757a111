import { join } from 'node:path'
import cors from '@fastify/cors'
import { health } from '#lib/health.ts'
import { buildServer, type Server } from '#lib/http-server.ts'
import { labClock } from '#lib/lab-clock.ts'
import { labReset } from '#lib/lab-reset.ts'
import { securityHeadersFor } from '#lib/security-headers.ts'
import { openStateFolder } from '#lib/state-folder.ts'
import { openStore } from '#lib/store.ts'
import { createAgent } from './agent/agent.ts'
import { openAttachmentFiles } from './attachments/attachment-files.ts'
import { openAttachments } from './attachments/attachments.ts'
import { openExchanges } from './auth/exchanges.ts'
import { openJwts } from './auth/jwt.ts'
import { createOidcClient } from './auth/oidc.ts'
import { openRedeemedCodes } from './auth/redeemed-codes.ts'
import { openTokens } from './auth/tokens.ts'
import type { GenesysConfig } from './config.ts'
import { createConnections } from './conversations/connections.ts'
import { openConversations } from './conversations/conversations.ts'
import { watchExpiry } from './conversations/expiry.ts'
import { createHappenings } from './conversations/happenings.ts'
import { openSessions } from './conversations/sessions.ts'
import { activeDeployment } from './deployments.ts'
import { desk } from './desk/routes.ts'
import { earlyErrors, platformErrors } from './errors.ts'
import { createRateLimits } from './guest/rate-limits.ts'
import { createRoom } from './room.ts'
import { attachmentRoutes } from './routes/attachments.ts'
import { bootstrap } from './routes/bootstrap.ts'
import { deploymentConfiguration } from './routes/deployment-configuration.ts'
import { guestMessages } from './routes/guest-messages.ts'
import { guestSocket } from './routes/guest-socket.ts'
import { labExchanges } from './routes/lab-exchanges.ts'
import { tokenExchange } from './routes/token-exchange.ts'
import { tokenRefresh } from './routes/token-refresh.ts'
import { tokenRevoke } from './routes/token-revoke.ts'
import { createTurns } from './turns.ts'
import { webSockets } from './web-sockets.ts'

/**
 * The messaging stand-in: Genesys Cloud's script, REST and guest WebSocket for Messenger, on one origin.
 *
 * @param config as `loadGenesysConfig` makes it
 * @returns the app, not listening yet; closing it closes its sockets, then its store
 */
export async function buildGenesys (config: GenesysConfig): Promise<Server> {
  const { deployments, url } = config
  const app = buildServer(config, earlyErrors)
  const stateFolder = openStateFolder(config.stateFolder)
  const store = openStore(join(stateFolder, 'genesys.sqlite'))

  const oidc = createOidcClient(config)
  const jwts = await openJwts(stateFolder, url)
  const tokens = openTokens(store, jwts)
  const redeemedCodes = openRedeemedCodes(store)
  const happenings = createHappenings()
  const connections = createConnections(happenings)
  const sessions = openSessions(store, happenings)
  const files = openAttachmentFiles(join(stateFolder, 'attachments'))
  const room = createRoom({ capacityBytes: config.maxStateBytes, used: () => store.size + files.used })
  const attachments = openAttachments({ store, files, room, jwts, url, sessions, connections, log: app.log })
  const conversations = openConversations(store, { sessions, connections, happenings, attachments })
  const agent = createAgent({
    sessions,
    conversations,
    delayMs: config.agentDelayMs,
    desk: config.lab ? `${url}/desk` : undefined,
    enabled: config.agent === 'script',
    log: app.log
  })
  const exchanges = config.lab ? openExchanges(store) : undefined
  const rateLimits = createRateLimits(config.rateLimits)
  const stopWatching = watchExpiry({ sessions, connections, conversations, attachments, happenings, log: app.log })
  app.addHook('onClose', async () => {
    stopWatching()
    agent.stop()
    await attachments.stop()
    store.close()
  })

  const headers = securityHeadersFor(() => [], () => ({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    // Pages of other origins load the script.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    ...(!url.startsWith('https:') && { strictTransportSecurity: false })
  }))
  app.addHook('onRequest', async (_request, reply) => { reply.headers(headers()) })
  await app.register(platformErrors)
  await app.register(webSockets)
  await app.register(health, { notReady: () => store.failure })
  if (config.lab) {
    await app.register(labClock, { url, store, onMoved: () => oidc.forgetProvider() })
    await app.register(labReset, {
      url,
      done: 'Conversations with their files, sessions of guests, whose sockets are closed, tokens, the list of exchanges, and the clock.',
      async putBack () {
        agent.stop()
        await store.clear()
        connections.closeAll()
        await attachments.clear()
        oidc.forgetProvider()
      }
    })
  }

  await app.register(async open => {
    // Genesys answers pages of any origin. No cookie is involved; who may do what is in the tokens.
    await open.register(cors, {
      origin: '*',
      methods: ['GET', 'POST', 'PUT', 'DELETE'],
      allowedHeaders: ['authorization', 'content-type', 'x-journey-session-id', 'x-journey-session-type'],
      exposedHeaders: ['retry-after'],
      strictPreflight: false,
      maxAge: 600
    })
    await open.register(bootstrap)
    await open.register(deploymentConfiguration, { deployments, url })
    await open.register(tokenExchange, { deployments, oidc, redeemedCodes, tokens, exchanges })
    await open.register(tokenRefresh, { oidc, tokens, exchanges })
    await open.register(tokenRevoke, { tokens, connections, sessions })
    await open.register(guestMessages, { sessions, conversations, jwts, rateLimits })
    await open.register(attachmentRoutes, { attachments })
    await open.register(guestSocket, {
      deployments,
      messaging: { room, sessions, conversations, connections, attachments, tokens, jwts, rateLimits, agent, inTurn: createTurns() }
    })
  })

  const { namedDeployment: named } = config
  app.addHook('onListen', async () => {
    if (named === undefined || activeDeployment(deployments, named)) return
    app.log.warn(`there is no active deployment ${named}, which GENESYS_DEPLOYMENT_ID names: the page will have no chat. ` +
      `There are ${deployments.map(({ id }) => id).join(', ')}`)
  })

  if (exchanges) {
    await app.register(labExchanges, { exchanges, url })
    await app.register(desk, { sessions, conversations, connections, attachments, agent, deployments, happenings, url })
  }
  return app
}
