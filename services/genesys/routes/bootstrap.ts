import { join } from 'node:path'
import type { FastifyPluginAsync } from 'fastify'
import fastifyStatic from '@fastify/static'
import { makeQuiet } from '#lib/http-server.ts'

/** The script that a page's snippet loads, where Genesys has it too: `/genesys-bootstrap/genesys.min.js`. */
export const bootstrap: FastifyPluginAsync = async app => {
  app.addHook('onRoute', makeQuiet)
  await app.register(fastifyStatic, {
    root: join(import.meta.dirname, '../bootstrap'),
    prefix: '/genesys-bootstrap/',
    cacheControl: false,
    index: false,
    allowedPath: path => !path.endsWith('tsconfig.json'),
    setHeaders: reply => { reply.header('cache-control', 'no-cache') }
  })
}
