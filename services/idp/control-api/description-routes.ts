import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyPluginAsync, LightMyRequestResponse } from 'fastify'
import { configureRoutes, unnoticed } from '#lib/server/route-config.ts'

// The field for the address of another description would be of no use: no page of another site may be asked.
const css = `
  .swagger-ui .topbar { background: #1d4e56; }
  .swagger-ui .topbar .download-url-wrapper { display: none; }
  .swagger-ui .topbar img { height: 36px; }
`

type Answer = Pick<LightMyRequestResponse, 'statusCode' | 'headers' | 'rawPayload'>

// As many as the page has, and some more; whoever spells paths in other ways is not to fill the memory.
const mostKept = 32

/** `/lab`: a page to read about the control API and to try it, from this service alone, and the description that it shows. */
export const descriptionRoutes: FastifyPluginAsync = async app => {
  app.addHook('onRoute', configureRoutes(unnoticed))
  // To make one takes megabytes, and it is always the same.
  const kept = new Map<string, Promise<Answer>>()

  async function ask (url: string): Promise<Answer> {
    const description = await app.describeControlApi()
    const answer = await description.inject(url)
    if (answer.statusCode !== 200) kept.delete(url)
    return answer
  }

  for (const url of ['/lab', '/lab/', '/lab/static/*', '/lab/json', '/lab/yaml', '/lab/openapi.json']) {
    app.get(url, async (request, reply) => {
      const [path] = request.url.split('?', 1)
      const answer = kept.get(path!) ?? ask(path!)
      if (kept.size < mostKept) kept.set(path!, answer)
      const { statusCode, headers, rawPayload } = await answer
      return reply.code(statusCode).headers(headers).send(rawPayload)
    })
  }
}

/** The page itself, as Swagger UI makes it, for the app that describes the control API. */
export const descriptionPageRoutes: FastifyPluginAsync<{ basePath: string }> = async (app, { basePath }) => {
  const { default: swaggerUi } = await import('@fastify/swagger-ui')
  const svg = readFileSync(join(import.meta.dirname, '..', 'public', 'tern.svg'), 'utf8')
  await app.register(swaggerUi, {
    routePrefix: '/lab',
    logo: { type: 'image/svg+xml', content: svg, href: `${basePath}/lab`, target: '_self' },
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
      favicon: [{ filename: 'tern.svg', rel: 'icon', sizes: 'any', type: 'image/svg+xml', content: svg }]
    },
    uiConfig: { deepLinking: true, tryItOutEnabled: true, docExpansion: 'list' }
  })
}
