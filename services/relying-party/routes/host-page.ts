import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fastifyStatic from '@fastify/static'
import type { Brand } from '#lib/brand/brand-setting.ts'
import type { ShownBrand } from '#lib/brand/shown-brand.ts'
import { BrowserFiles } from '#lib/server/browser-files.ts'
import { configureRoutes, unnoticed } from '#lib/server/route-config.ts'
import { basePathOf } from '#lib/server/request-target.ts'
import type { RelyingPartyConfig } from '../config.ts'
import { framedBy } from '../plugins/content-security.ts'

/** The page that people see: the brand's words in `views/host-page.eta`, and what lies in `public`, its script with all that it imports. */
export const hostPageRoutes: FastifyPluginAsync<{ config: RelyingPartyConfig, brand: ShownBrand }> = async (app, { config, brand }) => {
  app.addHook('onRoute', configureRoutes(unnoticed))
  const basePath = basePathOf(config.app)
  // What the page refers to is relative to its own address.
  app.addHook('onRequest', async (request, reply) => {
    const [path, query] = request.originalUrl.split('?', 2)
    if (basePath !== '' && path === basePath) return reply.redirect(`${config.app}/${query === undefined ? '' : `?${query}`}`, 302)
  })
  const files = new BrowserFiles(join(import.meta.dirname, '..', 'public'), { 'page.js': { entry: 'page.js', format: 'esm' } })
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
  app.get<{ Params: { '*': string } }>('/*', async ({ params }, reply) => reply.sendFile(`/${params['*']}`, await files.folder()))

  // What browsers ask for where no page names another.
  app.get('/favicon.ico', (_request, reply) => reply.redirect(`${config.app}/brand/${brand.now.logo}`))

  // The Messenger's script is fetched while the page still finds out who is signed in. https://www.rfc-editor.org/rfc/rfc8288
  const preload = `<${config.messenger.scriptUrl}>; rel=preload; as=script`
  const imageUrl = brand.derive(imageUrlsOf)
  for (const path of ['/', '/index.html']) {
    app.get(path, async (request, reply) => {
      reply.headers({ 'cache-control': 'no-cache', link: preload })
      return inFewBytes(request, reply, await reply.viewAsync('host-page', { page: brand.now, imageUrl: imageUrl() }))
    })
  }

  app.get('/signed-in.html', async (_request, reply) => {
    reply.header('cache-control', 'no-cache')
    return reply.viewAsync('signed-in')
  })

  app.get('/messenger/frame', { onRequest: framedBy(() => ["'self'"]) }, async (_request, reply) =>
    reply.sendFile('/messenger-frame.html', await files.folder()))
}

// Smaller than what a request and its answer take of their own, and of the time for a round trip.
const smallImageBytes = 4_096

/** Where a picture of the brand is found: small drawings in the page itself, in place of a request each. */
function imageUrlsOf ({ folder, images }: Brand): (name: string) => string {
  const inPage = new Map(images.filter(name => name.endsWith('.svg')).flatMap(name => {
    const svg = readFileSync(join(folder, name))
    return svg.length > smallImageBytes ? [] : [[name, `data:image/svg+xml,${encodeURIComponent(String(svg))}`] as const]
  }))
  return name => inPage.get(name) ?? `brand/${name}`
}

/**
 * A page that is made for each request: compressed, and not sent again to a browser that has it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
 */
function inFewBytes ({ headers }: FastifyRequest, reply: FastifyReply, html: string): string | Buffer {
  const etag = `W/"${createHash('sha256').update(html).digest('base64url')}"`
  reply.headers({ etag, vary: 'accept-encoding' })
  if (headers['if-none-match']?.includes(etag)) {
    reply.code(304)
    return ''
  }
  if (!/\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(String(headers['accept-encoding']))) return html
  reply.header('content-encoding', 'gzip')
  return gzipSync(html)
}
