import formbody from '@fastify/formbody'
import { health } from '#lib/health.ts'
import { buildServer, type Server } from '#lib/http-server.ts'
import { keepProcessClock } from '#lib/lab-clock.ts'
import { basePathOf } from '#lib/request-target.ts'
import { refuseHead } from '#lib/refuse-head.ts'
import type { IdpConfig } from './config.ts'
import { lab } from './lab/lab.ts'
import { recordExchanges } from './lab/recorder.ts'
import { errorPage, errors } from './plugins/errors.ts'
import { openApi } from './plugins/open-api.ts'
import { pages } from './plugins/pages.ts'
import { resolveRealm } from './plugins/resolve-realm.ts'
import type { ProviderPages } from './provider.ts'
import type { Realm } from './realm.ts'
import { Realms } from './realms.ts'
import { consentRoutes } from './routes/consent.ts'
import { homeRoutes } from './routes/home.ts'
import { interactionRoutes } from './routes/interaction.ts'
import { postedRoutes } from './routes/posted.ts'
import { insertedWellKnownRoutes, protocolRoutes } from './routes/protocol.ts'
import { secondFactorRoutes } from './routes/second-factor.ts'
import { signInRoutes } from './routes/sign-in.ts'

const wordsToGoOn = {
  'nobody signed in': { title: 'You are signed out', meaning: 'Tern ID had forgotten you in this browser already.' },
  'somebody else signed in': {
    title: 'Somebody else is signed in',
    meaning: 'They are signed out of Tern ID in this browser when you go on.'
  }
}

// Where opening an address starts a sign-in, or goes on with one.
const actsOnGet = /^(\/realms\/[^/]+)?\/(auth|interaction|device)([/?]|$)/

/** The identity provider: stands in for Okta, Auth0, Keycloak or Entra ID. */
export async function buildIdp (config: IdpConfig): Promise<Server> {
  const app = buildServer(config)
  const secure = config.issuer.startsWith('https:')
  const basePath = basePathOf(config.issuer)

  const realms = await Realms.open(config, app.log, ({ clients, mountPath: base }: Realm): ProviderPages => ({
    error: (out, details) => app.view('error', { ...errorPage(out, clients), ...details, base }),
    logout: (client, xsrf) => app.view('sign-out', { title: 'Sign out', base, client, xsrf }),
    loggedOut: () => app.view('signed-out', { title: 'Signed out', base, app: config.app }),
    goOn: (why, xsrf) => app.view('continue', { ...wordsToGoOn[why], base, xsrf }),
    show: (template, page) => app.view(template, { ...page, base })
  }))
  app.addHook('preClose', async () => realms.endWaiting())
  app.addHook('onClose', async () => realms.close())
  if (config.lab) {
    const leaveClock = await keepProcessClock(realms.root.store)
    app.addHook('onClose', async () => leaveClock())
    await app.register(openApi, { basePath })
  }

  await app.register(pages, { secure, basePath })
  await app.register(errors, { root: realms.root })
  await app.register(formbody)
  await app.register(health, { notReady: () => realms.failure })

  // Every issuer has the same routes: the one at the root and, in a lab, those below it.
  for (const prefix of config.lab ? ['', '/realms/:realm'] : ['']) {
    await app.register(async issuer => {
      await issuer.register(resolveRealm, { realms, lab: config.lab })
      if (config.lab) await issuer.register(recordExchanges)
      issuer.addHook('onRequest', (request, reply, done) => {
        if (actsOnGet.test(request.url)) refuseHead(request, reply, done)
        else done()
      })
      await issuer.register(homeRoutes, { app: config.app })
      await issuer.register(postedRoutes)
      await issuer.register(protocolRoutes)
      await issuer.register(interactionRoutes)
      await issuer.register(signInRoutes)
      await issuer.register(secondFactorRoutes)
      await issuer.register(consentRoutes)
      if (config.lab) await issuer.register(lab, { realms, addresses: config })
    }, { prefix })
  }
  if (config.lab || basePath !== '') {
    await app.register(async realmsFromOutside => {
      await realmsFromOutside.register(resolveRealm, { realms, lab: config.lab })
      if (config.lab) await realmsFromOutside.register(recordExchanges)
      await realmsFromOutside.register(insertedWellKnownRoutes, { basePath })
    })
  }
  return app
}
