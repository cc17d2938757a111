import { join } from 'node:path'
import formbody from '@fastify/formbody'
import { health } from '#lib/health.ts'
import { buildServer, type Server } from '#lib/http-server.ts'
import { openStateFolder } from '#lib/state-folder.ts'
import { openStore } from '#lib/store.ts'
import type { IdpConfig } from './config.ts'
import { openKeys } from './keys.ts'
import { errorPage, errors } from './plugins/errors.ts'
import { pages } from './plugins/pages.ts'
import { createProvider } from './provider.ts'
import { consentRoutes } from './routes/consent.ts'
import { homeRoutes } from './routes/home.ts'
import { interactionRoutes } from './routes/interaction.ts'
import { protocolRoutes } from './routes/protocol.ts'
import { signInRoutes } from './routes/sign-in.ts'
import { Accounts } from './users.ts'

const wordsToGoOn = {
  'nobody signed in': { title: 'You are signed out', meaning: 'Tern ID had forgotten you in this browser already.' },
  'somebody else signed in': { title: 'Somebody else is signed in', meaning: 'They are signed out of Tern ID in this browser when you go on.' }
}

/** The identity provider: stands in for Okta, Auth0, Keycloak or Entra ID. */
export async function buildIdp (config: IdpConfig): Promise<Server> {
  const app = buildServer(config)
  const { lab, clients } = config
  const secure = config.issuer.startsWith('https:')

  const store = openStore(join(openStateFolder(config.stateFolder), 'idp.sqlite'))
  app.addHook('onClose', async () => store.close())

  const accounts = new Accounts(config.users)
  const provider = createProvider({
    issuer: config.issuer,
    clients,
    accounts,
    keys: await openKeys(config.stateFolder),
    store,
    log: app.log,
    pages: {
      error: out => app.view('error', errorPage(out, clients)),
      logout: (client, xsrf) => app.view('sign-out', { title: 'Sign out', client, xsrf }),
      loggedOut: () => app.view('signed-out', { title: 'Signed out', app: config.app }),
      goOn: (why, xsrf) => app.view('continue', { ...wordsToGoOn[why], xsrf })
    }
  })

  await app.register(pages, { clients, secure })
  await app.register(errors, { clients })
  await app.register(formbody)
  await app.register(health, {})
  await app.register(homeRoutes, { config })
  await app.register(protocolRoutes, { provider })
  await app.register(interactionRoutes, { provider, accounts, lab })
  await app.register(signInRoutes, { provider, accounts, lab })
  await app.register(consentRoutes, { provider })
  return app
}
