import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyPluginAsync } from 'fastify'
import { makeQuiet } from '#lib/http-server.ts'

const logo = {
  type: 'image/svg+xml',
  content: readFileSync(join(import.meta.dirname, '..', 'public', 'tern.svg')),
  href: '/lab',
  target: '_self' as const
}

// The field for the address of another description would be of no use: no page of another site may be asked.
const css = `
  .swagger-ui .topbar { background: #1d4e56; }
  .swagger-ui .topbar .download-url-wrapper { display: none; }
  .swagger-ui .topbar img { height: 36px; }
`

/** `/lab`: a page to read about the control API and to try it, from this service alone, and the description that it shows. */
export const descriptionRoutes: FastifyPluginAsync = async app => {
  app.addHook('onRoute', makeQuiet)

  await app.register(swaggerUi, {
    routePrefix: '/lab',
    logo,
    // Swagger UI styles elements of its own making.
    staticCSP: {
      'default-src': ["'self'"],
      'style-src': ["'self'", "'unsafe-inline'"],
      'img-src': ["'self'", 'data:'],
      'form-action': ["'none'"],
      'frame-ancestors': ["'none'"],
      'base-uri': ["'none'"]
    },
    theme: {
      title: 'Tern ID, control API',
      css: [{ filename: 'tern.css', content: css }],
      favicon: [{ filename: 'tern.svg', rel: 'icon', sizes: 'any', type: 'image/svg+xml', content: logo.content.toString() }]
    },
    uiConfig: { deepLinking: true, tryItOutEnabled: true, docExpansion: 'list' }
  })

  app.get('/lab/openapi.json', async () => app.swagger())
}
