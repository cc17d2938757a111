import { join } from 'node:path'
import fp from 'fastify-plugin'
import fastifyStatic from '@fastify/static'
import view from '@fastify/view'
import { Eta } from 'eta'
import { configureRoutes, unnoticed } from '#lib/server/route-config.ts'
import { securityHeadersFor, transportSecurityOf } from '#lib/server/security-headers.ts'
import { contentSecurityPolicy } from '../provider/content-security-policy.ts'

const publicFolder = join(import.meta.dirname, '..', 'public')
const viewsFolder = join(import.meta.dirname, 'views')

/**
 * What the identity provider's pages are made with: templates, their one stylesheet, and headers that allow no more.
 *
 * @param options.console URL of the console, to which they lead; there is none outside the lab
 */
export const pageSetup = fp<{ issuer: string, basePath: string, console: string | undefined }>(async (app, { issuer, basePath, console }) => {
  const headers = securityHeadersFor(() => [], () => ({
    contentSecurityPolicy: false,
    // An application may open the sign-in in a window of its own, and with this it would lose sight of it.
    // https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest display=popup
    crossOriginOpenerPolicy: false,
    // A page about signing in belongs to nobody else's cache, but its address may be seen by the client.
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: transportSecurityOf(issuer)
  }))
  app.addHook('onRequest', (_request, reply, done) => {
    // On the answer itself, for oidc-provider too.
    for (const [name, value] of Object.entries(headers())) reply.raw.setHeader(name, value)
    reply.raw.setHeader('content-security-policy', contentSecurityPolicy)
    done()
  })

  await app.register(async assets => {
    assets.addHook('onRoute', configureRoutes(unnoticed))
    await assets.register(fastifyStatic, { root: publicFolder, prefix: '/assets/', maxAge: '1h' })
    // What browsers ask for where no page names another.
    assets.get('/favicon.ico', (_request, reply) => reply.redirect(`${basePath}/assets/tern.svg`))
  })

  await app.register(view, {
    engine: { eta: new Eta({ views: viewsFolder }) },
    root: viewsFolder,
    defaultContext: { root: basePath, console },
    production: true
  })
}, { name: 'page-setup' })
