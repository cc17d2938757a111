import { join } from 'node:path'
import cors from '@fastify/cors'
import { ShownBrand } from '#lib/brand/shown-brand.ts'
import { hostPageSwitchRoutes } from '#lib/control-api/host-page-switch-routes.ts'
import { HostPageSwitch } from '#lib/control-api/host-page-switch.ts'
import { processClockRoutes } from '#lib/control-api/process-clock-routes.ts'
import { serviceResetRoutes } from '#lib/control-api/service-reset-routes.ts'
import { sharedChanges } from '#lib/control-api/shared-changes.ts'
import { Ledger } from '#lib/ledger/ledger.ts'
import { serviceLedger } from '#lib/ledger/service-ledger.ts'
import { health } from '#lib/server/health.ts'
import { buildServer, type Server } from '#lib/server/http-server.ts'
import { securityHeadersFor, transportSecurityOf } from '#lib/server/security-headers.ts'
import { openStateFolder } from '#lib/store/state-folder.ts'
import { openStore } from '#lib/store/open-store.ts'
import { RevisionFollower } from '#lib/store/revision-follower.ts'
import { openTurns } from '#lib/store/turns.ts'
import { ScriptedAgent } from './agent/scripted-agent.ts'
import { attachmentRoutes } from './attachments/attachment-routes.ts'
import { AttachmentStore } from './attachments/attachment-store.ts'
import { AttachmentFiles } from './attachments/attachment-files.ts'
import { exchangeLogRoutes } from './auth/exchange-log-routes.ts'
import { ExchangeLog } from './auth/exchange-log.ts'
import { exchangeRoutes } from './auth/exchange-routes.ts'
import { Jwts } from './auth/jwt.ts'
import { OidcClient } from './auth/oidc-client.ts'
import { RedeemedCodes } from './auth/redeemed-codes.ts'
import { refreshRoutes } from './auth/refresh-routes.ts'
import { revokeRoutes } from './auth/revoke-routes.ts'
import { Tokens } from './auth/tokens.ts'
import type { GenesysConfig } from './config.ts'
import { ConversationStore } from './conversations/conversation-store.ts'
import { ExpiryWatch } from './conversations/expiry-watch.ts'
import { bootstrapRoutes } from './deployments/bootstrap-routes.ts'
import { configurationRoutes } from './deployments/configuration-routes.ts'
import { activeDeployment } from './deployments/lookup.ts'
import { deskRoutes, frontDoorRoutes } from './desk/desk-routes.ts'
import { historyRoutes } from './guest/history-routes.ts'
import { signOutEverywhere } from './guest/sign-out-everywhere.ts'
import { socketRoutes } from './guest/socket-routes.ts'
import { webSockets } from './guest/web-sockets.ts'
import { visitorJourneyRoutes } from './visitor-journeys/visitor-journey-routes.ts'
import { VisitorJourneyStore } from './visitor-journeys/visitor-journey-store.ts'
import { earlyErrors, platformErrors } from './protocol/platform-errors.ts'
import { RateLimiter } from './protocol/rate-limiter.ts'
import { Connections } from './sessions/connections.ts'
import { ConversationEvents } from './sessions/conversation-events.ts'
import { SessionStore } from './sessions/session-store.ts'
import { StorageQuota } from './sessions/storage-quota.ts'
import { recordGuestFrames } from './recording/guest-frames.ts'

/** What belongs to a sign-in at the Messenger, by the names that it has in the lab's ledger; and, of the chat, what goes over sockets. */
const recorded = {
  '/webdeployments/v1/deployments/:deploymentId/config.json': 'deployment_configuration',
  '/api/v2/webdeployments/token/oauthcodegrantjwtexchange': 'token_exchange',
  '/api/v2/webdeployments/token/refresh': 'token_refresh',
  '/api/v2/webdeployments/token/revoke': 'token_revoke'
}
// What guests send is long if they want it to be, and the container small. Beside it is a megabyte of what goes over sockets.
const maxLedgerLength = 1024 * 1024

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
  const store = await openStore(config)

  const inTurn = openTurns(store, 'turn')
  const oidc = new OidcClient(config)
  const jwts = await Jwts.open(store.secrets, url)
  const tokens = new Tokens(store, jwts)
  const redeemedCodes = new RedeemedCodes(store)
  const events = await ConversationEvents.open(store)
  const connections = await Connections.open(store, events)
  const sessions = new SessionStore(store, events)
  const files = new AttachmentFiles(join(stateFolder, 'attachments'))
  if (store.isShared) await files.share(store.signals)
  const quota = new StorageQuota({ capacityBytes: config.maxStateBytes, usedBytes: () => store.size + files.usedBytes })
  const attachments = new AttachmentStore({ store, files, quota, jwts, url, sessions, connections, log: app.log })
  const conversations = new ConversationStore(store, { sessions, connections, events, attachments, inTurn })
  const visitorJourneys = new VisitorJourneyStore(store, { sessions, events, quota })
  const brand = new ShownBrand(config.brand)
  const deploymentsShown = brand.derive(shown => shown === config.brand ? deployments : config.deploymentsOf(shown))
  const agent = new ScriptedAgent(store, {
    brand,
    picturesUrl: `${config.app}/brand/`,
    sessions,
    conversations,
    delayMs: config.agentDelayMs,
    desk: config.lab ? `${url}/desk` : undefined,
    enabled: config.agent === 'script',
    log: app.log
  })
  const exchangeLog = config.lab ? new ExchangeLog(store) : undefined
  const rateLimiter = new RateLimiter(store, config.rateLimits)
  const expiryWatch = new ExpiryWatch({ sessions, connections, conversations, events, log: app.log })
  app.addHook('onClose', async () => {
    expiryWatch.stop()
    await agent.stop()
    await attachments.stop()
    connections.stop()
    events.stop()
    files.stop()
    await store.close()
  })

  const headers = securityHeadersFor(() => [], () => ({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    // Pages of other origins load the script.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    strictTransportSecurity: transportSecurityOf(url)
  }))
  app.addHook('onRequest', async (_request, reply) => { reply.headers(headers()) })
  await app.register(platformErrors)
  await app.register(webSockets)
  await app.register(health, { notReady: () => store.failure })
  if (config.lab) {
    const revisions = new RevisionFollower(store)
    await app.register(sharedChanges, { revisions })
    await app.register(processClockRoutes, { url, store, revisions, onMoved: () => oidc.forgetProvider() })
    const ledger = await Ledger.open(store, { maxLength: maxLedgerLength })
    await app.register(serviceLedger, { url, service: 'genesys', endpoints: recorded, ledger })
    recordGuestFrames(app.websocketServer, ledger)
    const hostPage = await HostPageSwitch.open(store, { brand, log: app.log })
    revisions.onRevised(() => hostPage.reload())
    await app.register(hostPageSwitchRoutes, { url, hostPage })
    await app.register(serviceResetRoutes, {
      url,
      done: 'Conversations with their files, sessions of guests, whose sockets are closed, tokens, the list of exchanges, the brand of the agent, counts of rate limits, and the clock.',
      async reset () {
        await store.clear()
        await hostPage.reset()
        await connections.closeAll()
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
    await open.register(bootstrapRoutes)
    await open.register(configurationRoutes, { deployments: deploymentsShown, url })
    await open.register(exchangeRoutes, { deployments, oidc, redeemedCodes, tokens, exchangeLog })
    await open.register(refreshRoutes, { oidc, tokens, exchangeLog })
    await open.register(revokeRoutes, { tokens, onRevoked: grant => signOutEverywhere(grant, { connections, sessions, visitorJourneys }) })
    await open.register(historyRoutes, { sessions, conversations, jwts, rateLimiter })
    await open.register(visitorJourneyRoutes, { deployments, visitorJourneys, rateLimiter })
    await open.register(attachmentRoutes, { attachments })
    await open.register(socketRoutes, {
      deployments,
      maxSockets: config.maxSockets,
      messaging: { quota, sessions, conversations, visitorJourneys, connections, attachments, tokens, jwts, rateLimiter, agent, inTurn }
    })
  })

  const { namedDeployment: named } = config
  app.addHook('onListen', async () => {
    if (named === undefined || activeDeployment(deployments, named)) return
    app.log.warn(`there is no active deployment ${named}, which GENESYS_DEPLOYMENT_ID names: the page will have no chat. ` +
      `There are ${deployments.map(({ id }) => id).join(', ')}`)
  })

  if (config.lab && exchangeLog) {
    await app.register(exchangeLogRoutes, { exchangeLog, url })
    await app.register(frontDoorRoutes, { url })
    await app.register(deskRoutes, { sessions, conversations, visitorJourneys, connections, attachments, agent, deployments, inTurn, events, url, appUrl: config.app, consoleUrl: config.console })
  }
  return app
}
