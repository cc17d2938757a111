import { join } from 'node:path'
import type { FastifyPluginAsync } from 'fastify'
import fastifyStatic from '@fastify/static'
import { makeQuiet } from '#lib/http-server.ts'
import { framedBy } from '../plugins/security-headers.ts'

/** The page that people see, as it lies in `public`. */
export const hostPageRoutes: FastifyPluginAsync = async app => {
  app.addHook('onRoute', makeQuiet)
  await app.register(fastifyStatic, {
    root: join(import.meta.dirname, '..', 'public'),
    allowedPath: path => !path.endsWith('tsconfig.json'),
    setHeaders: reply => { reply.header('cache-control', 'no-cache') }
  })

  app.get('/messenger/frame', { onRequest: framedBy(() => ["'self'"]) }, (_request, reply) =>
    reply.sendFile('messenger-frame.html'))
}
