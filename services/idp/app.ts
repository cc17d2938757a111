import formbody from '@fastify/formbody'
import { keepProcessClock } from '#lib/control-api/process-clock-routes.ts'
import { health } from '#lib/server/health.ts'
import { buildServer, type Server } from '#lib/server/http-server.ts'
import { refuseHead } from '#lib/server/refuse-head.ts'
import { stageFrames } from '#lib/server/stage-frames.ts'
import { basePathOf } from '#lib/server/request-target.ts'
import type { IdpConfig } from './config.ts'
import { controlApiRoutes } from './control-api/control-api.ts'
import { followSignInLinkRoutes } from './control-api/sign-in-link-routes.ts'
import { openApi } from './control-api/open-api.ts'
import { consentRoutes } from './pages/consent-routes.ts'
import { errorPages } from './pages/error-pages.ts'
import { homeRoutes } from './pages/home-routes.ts'
import { interactionRoutes } from './pages/interaction-routes.ts'
import { pageSetup } from './pages/page-setup.ts'
import { RealmPages } from './pages/realm-pages.ts'
import { secondFactorRoutes } from './pages/second-factor-routes.ts'
import { signInRoutes } from './pages/sign-in-routes.ts'
import { createProvider } from './provider/openid-provider.ts'
import { postedFormRoutes } from './provider/posted-form-routes.ts'
import { insertedWellKnownRoutes, protocolRoutes } from './provider/protocol-routes.ts'
import { Realms } from './realm/realms.ts'
import { resolveRealm } from './realm/resolve-realm.ts'
import { recordHttpExchanges } from './recording/record-http-exchanges.ts'

// Where opening an address starts a sign-in, or goes on with one.
const actsOnGet = /^(\/realms\/[^/]+)?\/(auth|interaction|device)([/?]|$)/

/** The identity provider: stands in for Okta, Auth0, Keycloak or Entra ID. */
export async function buildIdp (config: IdpConfig): Promise<Server> {
  const app = buildServer(config)
  const basePath = basePathOf(config.issuer)

  const realms = await Realms.open(config, realm =>
    createProvider(realm, { pages: new RealmPages(app, realm, config.app), log: app.log }))
  app.addHook('preClose', async () => realms.endWaiting())
  app.addHook('onClose', async () => realms.close())
  if (config.lab) {
    const leaveClock = await keepProcessClock(realms.root)
    app.addHook('onClose', async () => leaveClock())
    await app.register(openApi, { basePath, console: config.console })
    await app.register(stageFrames, { url: config.issuer, console: config.console })
  }

  await app.register(pageSetup, { issuer: config.issuer, basePath, console: config.lab ? config.console : undefined })
  await app.register(errorPages, { root: realms.root })
  await app.register(formbody)
  await app.register(health, { notReady: () => realms.failure })

  // Every issuer has the same routes: the one at the root and, in a lab, those below it.
  for (const prefix of config.lab ? ['', '/realms/:realm'] : ['']) {
    await app.register(async issuer => {
      await issuer.register(resolveRealm, { realms, lab: config.lab })
      if (config.lab) await issuer.register(recordHttpExchanges)
      issuer.addHook('onRequest', (request, reply, done) => {
        if (actsOnGet.test(request.url)) refuseHead(request, reply, done)
        else done()
      })
      await issuer.register(homeRoutes, { app: config.app })
      await issuer.register(postedFormRoutes)
      await issuer.register(protocolRoutes)
      await issuer.register(interactionRoutes)
      await issuer.register(signInRoutes)
      await issuer.register(secondFactorRoutes)
      await issuer.register(consentRoutes)
      if (!config.lab) return
      await issuer.register(followSignInLinkRoutes)
      await issuer.register(controlApiRoutes, { realms, addresses: config })
    }, { prefix })
  }
  if (config.lab || basePath !== '') {
    await app.register(async realmsFromOutside => {
      await realmsFromOutside.register(resolveRealm, { realms, lab: config.lab })
      if (config.lab) await realmsFromOutside.register(recordHttpExchanges)
      await realmsFromOutside.register(insertedWellKnownRoutes, { basePath })
    })
  }
  return app
}
