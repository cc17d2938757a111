import type { FastifyPluginAsync } from 'fastify'
import fastifyStatic from '@fastify/static'
import type { Brand } from '#lib/brand/brand-setting.ts'
import type { ShownBrand } from '#lib/brand/shown-brand.ts'
import { configureRoutes, unnoticed } from '#lib/server/route-config.ts'
import { policyOf } from '../plugins/content-security.ts'

/** Colours and pictures of the brand. */
export const brandRoutes: FastifyPluginAsync<{ brand: ShownBrand }> = async (app, { brand }) => {
  app.addHook('onRoute', configureRoutes(unnoticed))
  const styles = brand.derive(stylesOf)
  app.get('/brand.css', (_request, reply) => {
    reply.header('cache-control', 'no-cache').type('text/css; charset=utf-8').send(styles())
  })

  // An SVG is a document too, for whoever opens it by itself.
  const contentSecurityPolicy = policyOf({ 'style-src': ["'unsafe-inline'"], sandbox: [] })
  await app.register(fastifyStatic, {
    serve: false,
    setHeaders: reply => {
      reply.header('cache-control', 'no-cache')
      reply.header('content-security-policy', contentSecurityPolicy)
      // The agent shows them too.
      reply.header('cross-origin-resource-policy', 'cross-origin')
    }
  })
  // Of the folder, only what the brand's file names.
  app.get<{ Params: { name: string } }>('/brand/:name', async ({ params: { name } }, reply) =>
    brand.now.images.includes(name) ? reply.sendFile(name, brand.now.folder) : reply.callNotFound())
}

const properties = {
  accent: '--accent',
  onAccent: '--on-accent',
  paper: '--paper',
  surface: '--surface',
  sunken: '--sunken',
  ink: '--ink',
  inkSoft: '--ink-soft',
  line: '--line',
  highlight: '--highlight',
  highlightSurface: '--highlight-surface'
} as const

/** What `page.css` has its colours from. */
function stylesOf ({ colours: { light, dark } }: Brand): string {
  const propertiesOf = (colours: typeof light) => Object.entries(properties)
    .map(([name, property]) => `  ${property}: ${colours[name as keyof typeof properties]};`).join('\n')
  const lightStyles = `:root {\n  color-scheme: ${dark ? 'light dark' : 'light'};\n${propertiesOf(light)}\n}\n`
  return dark ? `${lightStyles}\n@media (prefers-color-scheme: dark) {\n:root {\n${propertiesOf(dark)}\n}\n}\n` : lightStyles
}
