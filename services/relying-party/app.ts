import { join } from 'node:path'
import formbody from '@fastify/formbody'
import rateLimit from '@fastify/rate-limit'
import { health } from '#lib/health.ts'
import { buildServer, type Server } from '#lib/http-server.ts'
import { labClock } from '#lib/lab-clock.ts'
import { openStateFolder } from '#lib/state-folder.ts'
import { openStore } from '#lib/store.ts'
import { Attempts } from './attempts.ts'
import type { RelyingPartyConfig } from './config.ts'
import { IdentityProvider } from './oidc.ts'
import { canonicalHost } from './plugins/canonical-host.ts'
import { errors } from './plugins/errors.ts'
import { securityHeaders } from './plugins/security-headers.ts'
import { session } from './plugins/session.ts'
import { RateLimitStore } from './rate-limit-store.ts'
import { hostPageRoutes } from './routes/host-page.ts'
import { messengerRoutes } from './routes/messenger.ts'
import { sessionRoutes } from './routes/session.ts'
import { signInRoutes } from './routes/sign-in.ts'
import { signOutRoutes } from './routes/sign-out.ts'
import { Sessions } from './sessions.ts'

/** The relying party: the brand's own web application. */
export async function buildRelyingParty (config: RelyingPartyConfig): Promise<Server> {
  const app = buildServer(config)

  const store = openStore(join(openStateFolder(config.stateFolder), 'relying-party.sqlite'))
  app.addHook('onClose', async () => store.close())
  const sessions = new Sessions(store, config.session.lifetime)
  const attempts = new Attempts(store, { secure: config.app.startsWith('https:') })

  const idp = new IdentityProvider(config, app.log)
  app.addHook('onListen', async () => idp.startDiscovering())
  app.addHook('onClose', async () => idp.stopDiscovering())

  await app.register(securityHeaders, { config })
  await app.register(errors)
  await app.register(canonicalHost, { config })
  if (config.lab) await app.register(labClock, { url: config.app, store, onMoved: () => idp.startDiscovering() })
  await app.register(rateLimit, { global: false, store: RateLimitStore })
  await app.register(formbody)
  await app.register(session, { config, sessions })
  await app.register(health, { notReady: () => idp.notReady })
  await app.register(signInRoutes, { config, idp, attempts, sessions })
  await app.register(messengerRoutes, { config, idp, attempts, sessions })
  await app.register(sessionRoutes)
  await app.register(signOutRoutes, { config, idp, sessions })
  await app.register(hostPageRoutes)
  return app
}
