import { join } from 'node:path'
import fp from 'fastify-plugin'
import fastifyStatic from '@fastify/static'
import view from '@fastify/view'
import { Eta } from 'eta'
import { makeQuiet } from '#lib/http-server.ts'
import { securityHeadersFor } from '#lib/security-headers.ts'
import { contentSecurityPolicy } from '../content-security-policy.ts'

const folder = join(import.meta.dirname, '..')

/** What the identity provider's pages are made with: templates, their one stylesheet, and headers that allow no more. */
export const pages = fp<{ secure: boolean, basePath: string }>(async (app, { secure, basePath }) => {
  const headers = securityHeadersFor(() => [], () => ({
    contentSecurityPolicy: false,
    // An application may open the sign-in in a window of its own, and with this it would lose sight of it.
    // https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest display=popup
    crossOriginOpenerPolicy: false,
    // A page about signing in belongs to nobody else's cache, but its address may be seen by the client.
    referrerPolicy: { policy: 'no-referrer' },
    ...(!secure && { strictTransportSecurity: false })
  }))
  app.addHook('onRequest', (_request, reply, done) => {
    // On the answer itself, for oidc-provider too.
    for (const [name, value] of Object.entries(headers())) reply.raw.setHeader(name, value)
    reply.raw.setHeader('content-security-policy', contentSecurityPolicy)
    done()
  })

  await app.register(async assets => {
    assets.addHook('onRoute', makeQuiet)
    await assets.register(fastifyStatic, { root: join(folder, 'public'), prefix: '/assets/', maxAge: '1h' })
  })

  await app.register(view, {
    engine: { eta: new Eta({ views: join(folder, 'views') }) },
    root: join(folder, 'views'),
    defaultContext: { root: basePath },
    production: true
  })
}, { name: 'pages' })
