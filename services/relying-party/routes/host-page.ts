import { join } from 'node:path'
import type { FastifyPluginAsync } from 'fastify'
import fastifyStatic from '@fastify/static'
import { makeQuiet } from '#lib/http-server.ts'
import type { RelyingPartyConfig } from '../config.ts'

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/** The page that people see, as it lies in `public`. */
export const hostPageRoutes: FastifyPluginAsync<{ config: RelyingPartyConfig }> = async (app, { config }) => {
  const { hostname } = new URL(config.app)

  // Cookies and redirect URIs are of one host. Whoever types another name for this machine is sent there.
  app.addHook('onRequest', async (request, reply) => {
    if (loopback.has(request.hostname) && request.hostname !== hostname) return reply.redirect(config.app + request.url, 302)
  })

  app.addHook('onRoute', makeQuiet)
  await app.register(fastifyStatic, {
    root: join(import.meta.dirname, '..', 'public'),
    allowedPath: path => !path.endsWith('tsconfig.json'),
    setHeaders: reply => { reply.header('cache-control', 'no-cache') }
  })
}
