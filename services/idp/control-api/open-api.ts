import fp from 'fastify-plugin'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { descriptionPageRoutes } from './description-routes.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The description of the control API, and the page that shows it; made when it is first asked for. */
    describeControlApi (): Promise<FastifyInstance>
  }
}

const describedAt = (console: string) => `What this identity provider can do for tests and lessons, beside being a strict OpenID Provider. [The console](${console}/)
has it as pages, and [shows what is exchanged](${console}/live).

Everything here is for the issuer at the root. A realm (\`PUT /lab/realms/{name}\`) is an issuer of its own and has all of it,
realms excepted, below its own URL: \`/realms/{name}/lab/…\`.

There is no sign-in. Requests that a browser sends from a page of another site are refused with 403, and so are those for another
host name. An error is \`{ "error", "error_description" }\`.`

/** Collects the routes that are registered from now on, for `description-routes.ts` to show those of the control API. */
export const openApi = fp<{ basePath: string, console: string }>(async (app, { basePath, console }) => {
  const routes: RouteOptions[] = []
  app.addHook('onRoute', route => {
    if (route.schema?.tags && route.method !== 'HEAD' && !route.url.startsWith('/realms/')) routes.push(route)
  })
  let description: Promise<FastifyInstance> | undefined
  app.decorate('describeControlApi', () => {
    description ??= describe(routes, basePath, console)
    return description
  })
  app.addHook('onClose', async () => (await description)?.close())
}, { name: 'open-api' })

/**
 * An app that has routes of the same schemas and no use but to describe them, as OpenAPI 3.1. Few runs of the lab are asked
 * for it, and it would take longer than all else that answers nobody yet.
 */
async function describe (routes: RouteOptions[], basePath: string, console: string) {
  const { default: Fastify } = await import('fastify')
  const { default: swagger } = await import('@fastify/swagger')
  const app = Fastify({ exposeHeadRoutes: false })
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => JSON.stringify)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Tern ID, control API of the lab', description: describedAt(console), version: '1' },
      servers: [
        { url: `${basePath}/`, description: 'the issuer at the root' },
        { url: `${basePath}/realms/{realm}`, description: 'a realm', variables: { realm: { default: 'red', description: 'its name' } } }
      ],
      tags: ['Lab', 'Realms', 'Users', 'Sessions', 'Clients', 'Faults', 'Clock', 'Keys', 'Ledger', 'Settings']
        .map(name => ({ name }))
    },
    hideUntagged: true,
    transformObject: document => 'openapiObject' in document ? withoutDefaulted(document.openapiObject) : {}
  })
  for (const { method, url, schema = {} } of routes) {
    app.route({ method, url, schema: { ...schema, operationId: operationIdOf(String(method), url) }, handler: async () => {} })
  }
  await app.register(descriptionPageRoutes, { basePath })
  app.get('/lab/openapi.json', async () => app.swagger())
  await app.ready()
  return app
}

/** What a generated client calls an operation: that of `PUT /lab/users/:username/disable` is `putUserDisable`. */
function operationIdOf (method: string, url: string): string {
  const [first, ...others] = url.split('/').slice(1)
    .flatMap((part, index, parts) => part.startsWith(':') ? [] : [parts[index + 1]?.startsWith(':') ? part.replace(/s$/, '') : part])
  const words = (others.length > 0 ? others : [first!]).flatMap(name => name.split('-'))
  return method.toLowerCase() + words.map(word => word[0]!.toUpperCase() + word.slice(1)).join('')
}

/** What has a default is filled in before it is checked, so a request may leave it out, although its schema requires it. */
function withoutDefaulted<T> (document: T): T {
  return JSON.parse(JSON.stringify(document), (key, value) => {
    if (key === 'requestBody') return JSON.parse(JSON.stringify(value), optional)
    return key === 'parameters' && Array.isArray(value) ? value.map(optionalParameter) : value
  }) as T
}

const optionalParameter = (parameter: { required?: boolean, schema: { default?: unknown } }) =>
  ({ ...parameter, required: parameter.required === true && parameter.schema.default === undefined })

function optional (_key: string, schema: { required?: unknown, properties?: Record<string, { default?: unknown }> } | null) {
  if (!Array.isArray(schema?.required) || !schema.properties) return schema
  const { properties } = schema
  return { ...schema, required: schema.required.filter(name => properties[name]?.default === undefined) }
}
