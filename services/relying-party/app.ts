import { join } from 'node:path'
import formbody from '@fastify/formbody'
import rateLimit from '@fastify/rate-limit'
import { health } from '#lib/health.ts'
import { buildServer, type Server } from '#lib/http-server.ts'
import { labClock } from '#lib/lab-clock.ts'
import { labReset } from '#lib/lab-reset.ts'
import { basePathOf } from '#lib/request-target.ts'
import { openStateFolder } from '#lib/state-folder.ts'
import { openStore } from '#lib/store.ts'
import { AccessTokens } from './access-tokens.ts'
import { Attempts } from './attempts.ts'
import type { RelyingPartyConfig } from './config.ts'
import { IdentityProviders } from './oidc/providers.ts'
import { canonicalHost } from './plugins/canonical-host.ts'
import { answerMalformedUrl, errors } from './plugins/errors.ts'
import { securityHeaders } from './plugins/security-headers.ts'
import { session } from './plugins/session.ts'
import { RateLimitStore } from './rate-limit-store.ts'
import { hostPageRoutes } from './routes/host-page.ts'
import { messengerRoutes } from './routes/messenger.ts'
import { profileRoutes } from './routes/profile.ts'
import { sessionListRoutes } from './routes/session-list.ts'
import { sessionRoutes } from './routes/session.ts'
import { signInRoutes } from './routes/sign-in.ts'
import { signOutByProviderRoutes } from './routes/sign-out-by-provider.ts'
import { signOutRoutes } from './routes/sign-out.ts'
import { SessionWatch } from './session-watch.ts'
import { Sessions } from './sessions.ts'

/** The relying party: the brand's own web application. */
export async function buildRelyingParty (config: RelyingPartyConfig): Promise<Server> {
  const basePath = basePathOf(config.app)
  const app = buildServer(config, { frameworkErrors: answerMalformedUrl(basePath) })

  const store = openStore(join(openStateFolder(config.stateFolder), 'relying-party.sqlite'))
  app.addHook('onClose', async () => store.close())
  const sessions = new Sessions(store, config.session, app.log)
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
  await app.register(errors, { basePath })
  await app.register(canonicalHost, { config })
  if (config.lab) {
    await app.register(labClock, { url: config.app, store, onMoved: startDiscovering })
    await app.register(labReset, {
      url: config.app,
      done: 'Sessions, tokens, sign-ins that were under way, codes for the Messenger, and the clock: nobody is signed in.',
      async putBack () {
        await store.clear()
        watch.close()
      }
    })
  }
  await app.register(rateLimit, { global: false, store: RateLimitStore })
  await app.register(formbody)
  await app.register(session, { config, providers, sessions })
  await app.register(health, { notReady: () => store.failure ?? providers.main.discovery.failure })
  await app.register(signInRoutes, { config, providers, attempts, sessions })
  await app.register(messengerRoutes, { config, providers, attempts, sessions })
  await app.register(sessionRoutes, { sessions, watch })
  await app.register(sessionListRoutes, { sessions })
  await app.register(profileRoutes, { providers, accessTokens })
  await app.register(signOutRoutes, { config, providers, attempts, sessions })
  await app.register(signOutByProviderRoutes, { providers, sessions, store })
  await app.register(hostPageRoutes, { config })
  return app
}
