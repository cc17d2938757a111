import formbody from '@fastify/formbody'
import { ShownBrand } from '#lib/brand/shown-brand.ts'
import { health } from '#lib/server/health.ts'
import { buildServer, type Server } from '#lib/server/http-server.ts'
import { hostPageSwitchRoutes } from '#lib/control-api/host-page-switch-routes.ts'
import { HostPageSwitch } from '#lib/control-api/host-page-switch.ts'
import { processClockRoutes } from '#lib/control-api/process-clock-routes.ts'
import { serviceResetRoutes } from '#lib/control-api/service-reset-routes.ts'
import { sharedChanges } from '#lib/control-api/shared-changes.ts'
import { Ledger } from '#lib/ledger/ledger.ts'
import { serviceLedger } from '#lib/ledger/service-ledger.ts'
import { stageFrames } from '#lib/server/stage-frames.ts'
import { basePathOf } from '#lib/server/request-target.ts'
import { openStore } from '#lib/store/open-store.ts'
import { RevisionFollower } from '#lib/store/revision-follower.ts'
import type { RelyingPartyConfig } from './config.ts'
import { IdentityProviders } from './oidc/identity-providers.ts'
import { browserSession } from './plugins/browser-session.ts'
import { canonicalHost } from './plugins/canonical-host.ts'
import { securityHeaders } from './plugins/content-security.ts'
import { answerMalformedUrl, errorAnswers } from './plugins/error-answers.ts'
import { deploymentsOf, labDeployments } from './plugins/lab-deployments.ts'
import { rateLimits } from './plugins/rate-limits.ts'
import { brandRoutes } from './routes/brand.ts'
import { hostPageRoutes } from './routes/host-page.ts'
import { messengerRoutes } from './routes/messenger.ts'
import { profileRoutes } from './routes/profile.ts'
import { sessionListRoutes } from './routes/session-list.ts'
import { sessionRoutes } from './routes/session.ts'
import { signInRoutes } from './routes/sign-in.ts'
import { signOutByProviderRoutes } from './routes/sign-out-by-provider.ts'
import { signOutRoutes } from './routes/sign-out.ts'
import { AccessTokens } from './sessions/access-tokens.ts'
import { Attempts } from './sessions/attempts.ts'
import { SessionWatch } from './sessions/session-watch.ts'
import { UserSessions } from './sessions/user-sessions.ts'

/** What belongs to a sign-in or a sign-out, by the names that it has in the lab's ledger. */
const recorded = {
  '/login': 'login',
  '/login/initiate': 'login_initiate',
  '/callback/:name?': 'callback',
  '/messenger/login': 'messenger_login',
  '/messenger/callback': 'messenger_callback',
  '/messenger/auth-code': 'messenger_auth_code',
  '/api/profile': 'profile',
  '/sessions/:handle/end': 'session_end',
  '/logout': 'logout',
  '/logout/everywhere': 'logout_everywhere',
  '/logout/at-provider': 'logout_at_provider',
  '/logout/callback': 'logout_callback',
  '/backchannel-logout': 'backchannel_logout',
  '/frontchannel-logout': 'frontchannel_logout'
}
const isSessionCookie = (name: string) => /(^|-)(session|attempt)\b/.test(name)

/** The relying party: the brand's own web application. */
export async function buildRelyingParty (config: RelyingPartyConfig): Promise<Server> {
  const basePath = basePathOf(config.app)
  const brand = new ShownBrand(config.brand)
  const app = buildServer(config, { frameworkErrors: answerMalformedUrl(basePath, brand) })

  const store = await openStore(config)
  app.addHook('onClose', async () => store.close())
  const sessions = new UserSessions(store, config.session, app.log)
  const attempts = new Attempts(store, config.app)
  const watch = new SessionWatch(sessions)
  app.addHook('preClose', async () => watch.close())

  const providers = new IdentityProviders(config, app.log)
  const startDiscovering = () => { for (const { discovery } of providers.all) discovery.start() }
  app.addHook('onListen', async () => startDiscovering())
  app.addHook('onClose', async () => { for (const { discovery } of providers.all) discovery.stop() })
  sessions.onTokensLeft((issuer, tokens) => { if (providers.has(issuer)) providers.of(issuer).revoke(tokens) })
  const accessTokens = new AccessTokens(store, { providers, sessions })

  await app.register(securityHeaders, { config, providers })
  await app.register(errorAnswers, { basePath, brand })
  await app.register(canonicalHost, { config })
  const hostPage = config.lab
    ? await HostPageSwitch.open(store, { brand, deployments: [...deploymentsOf(config).keys()], log: app.log })
    : undefined
  if (hostPage) {
    const revisions = new RevisionFollower(store)
    revisions.onRevised(() => hostPage.reload())
    await app.register(sharedChanges, { revisions })
    await app.register(processClockRoutes, { url: config.app, store, revisions, onMoved: startDiscovering })
    await app.register(serviceLedger, {
      url: config.app,
      service: 'relying-party',
      endpoints: recorded,
      senders: { backchannel_logout: 'idp' },
      isSession: isSessionCookie,
      ledger: await Ledger.open(store)
    })
    await app.register(stageFrames, { url: config.app, console: config.console })
    await app.register(hostPageSwitchRoutes, { url: config.app, hostPage })
    await app.register(serviceResetRoutes, {
      url: config.app,
      done: 'Sessions, tokens, sign-ins that were under way, codes for the Messenger, brand and deployment of the page, counts of rate limits, and the clock: nobody is signed in.',
      async reset () {
        await store.clear()
        await hostPage.reset()
        watch.close()
      }
    })
  }
  await app.register(rateLimits, { store })
  await app.register(formbody)
  await app.register(browserSession, { config, providers, sessions })
  if (hostPage) await app.register(labDeployments, { config, hostPage })
  await app.register(health, { notReady: () => store.failure ?? providers.main.discovery.failure })
  await app.register(signInRoutes, { config, providers, attempts, sessions })
  await app.register(messengerRoutes, { config, providers, attempts, sessions })
  await app.register(sessionRoutes, { sessions, watch })
  await app.register(sessionListRoutes, { sessions })
  await app.register(profileRoutes, { providers, accessTokens })
  await app.register(signOutRoutes, { config, providers, attempts, sessions })
  await app.register(signOutByProviderRoutes, { providers, sessions, store })
  await app.register(brandRoutes, { brand })
  await app.register(hostPageRoutes, { config, brand })
  return app
}
