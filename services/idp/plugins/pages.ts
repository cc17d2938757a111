import { join } from 'node:path'
import fp from 'fastify-plugin'
import fastifyStatic from '@fastify/static'
import view from '@fastify/view'
import { Eta } from 'eta'
import { makeQuiet } from '#lib/http-server.ts'
import { securityHeadersFor } from '#lib/security-headers.ts'
import type { Realm } from '../realm.ts'
import type { Realms } from '../realms.ts'

const folder = join(import.meta.dirname, '..')

/** What the identity provider's pages are made with: templates, their one stylesheet, and headers that allow no more. */
export const pages = fp<{ realms: Realms, secure: boolean }>(async (app, { realms, secure }) => {
  const ofRealm = (realm: Realm) => securityHeadersFor(() => [realm.clientOrigins], clientOrigins => ({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'style-src': ["'self'"],
        'img-src': ["'self'"],
        // Browsers hold the redirects that follow a form to this too, and they end at a client.
        'form-action': ["'self'", ...clientOrigins],
        'frame-ancestors': ["'none'"],
        'base-uri': ["'none'"]
      }
    },
    // A page about signing in belongs to nobody else's window or cache, but its address may be seen by the client.
    referrerPolicy: { policy: 'no-referrer' },
    ...(!secure && { strictTransportSecurity: false })
  }))
  const headers = new WeakMap<Realm, ReturnType<typeof ofRealm>>()
  app.addHook('onRequest', (request, reply, done) => {
    const realm = realms.at(request.url)
    if (!headers.has(realm)) headers.set(realm, ofRealm(realm))
    // On the answer itself, for oidc-provider too.
    for (const [name, value] of Object.entries(headers.get(realm)!())) reply.raw.setHeader(name, value)
    done()
  })

  await app.register(async assets => {
    assets.addHook('onRoute', makeQuiet)
    await assets.register(fastifyStatic, { root: join(folder, 'public'), prefix: '/assets/', maxAge: '1h' })
  })

  await app.register(view, {
    engine: { eta: new Eta({ views: join(folder, 'views') }) },
    root: join(folder, 'views'),
    production: true
  })
}, { name: 'pages' })
