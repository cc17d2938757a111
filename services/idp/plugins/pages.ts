import { join } from 'node:path'
import fp from 'fastify-plugin'
import helmet from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import view from '@fastify/view'
import { Eta } from 'eta'
import { makeQuiet } from '#lib/http-server.ts'
import type { Realms } from '../realms.ts'

const folder = join(import.meta.dirname, '..')

/** What the identity provider's pages are made with: templates, their one stylesheet, and headers that allow no more. */
export const pages = fp<{ realms: Realms, secure: boolean }>(async (app, { realms, secure }) => {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'style-src': ["'self'"],
        'img-src': ["'self'"],
        // Browsers hold the redirects that follow a form to this too, and they end at a client.
        'form-action': ["'self'", request => realms.at(request.url!).clientOrigins],
        'frame-ancestors': ["'none'"],
        'base-uri': ["'none'"]
      }
    },
    // A page about signing in belongs to nobody else's window or cache, but its address may be seen by the client.
    referrerPolicy: { policy: 'no-referrer' },
    ...(!secure && { strictTransportSecurity: false })
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
