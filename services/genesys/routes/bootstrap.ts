import { join } from 'node:path'
import { type FastifyPluginAsync } from 'fastify'
import fastifyStatic from '@fastify/static'

/** The script that a page's snippet loads, where Genesys has it too: `/genesys-bootstrap/genesys.min.js`. */
export const bootstrap: FastifyPluginAsync = async app => {
  await app.register(fastifyStatic, {
    root: join(import.meta.dirname, '../bootstrap'),
    prefix: '/genesys-bootstrap/',
    cacheControl: false,
    index: false,
    setHeaders: reply => { reply.header('cache-control', 'no-cache') }
  })
}
