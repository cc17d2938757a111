import { join } from 'node:path'
import type { FastifyPluginAsync } from 'fastify'
import fastifyStatic from '@fastify/static'
import { BrowserFiles } from '#lib/server/browser-files.ts'
import { configureRoutes, unnoticed } from '#lib/server/route-config.ts'

/**
 * The script that a page's snippet loads, where Genesys has it too: `/genesys-bootstrap/genesys.min.js`. Beside it lie the
 * modules that it is made from, to be read.
 */
export const bootstrapRoutes: FastifyPluginAsync = async app => {
  app.addHook('onRoute', configureRoutes(unnoticed))
  const files = new BrowserFiles(join(import.meta.dirname, '../bootstrap'), {
    'genesys.min.js': { entry: 'script.js', format: 'iife' }
  })
  app.addHook('onListen', async () => {
    files.folder().catch((error: Error) => app.log.error(error.message))
  })
  await app.register(fastifyStatic, {
    serve: false,
    index: false,
    cacheControl: false,
    preCompressed: true,
    allowedPath: () => true,
    setHeaders: reply => { reply.header('cache-control', 'no-cache') }
  })
  app.get<{ Params: { '*': string } }>('/genesys-bootstrap/*', async ({ params }, reply) =>
    reply.sendFile(`/${params['*']}`, await files.folder()))
}
