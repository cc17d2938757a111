import fp from 'fastify-plugin'
import swagger from '@fastify/swagger'

const description = `What this identity provider can do for tests and lessons, beside being a strict OpenID Provider.

Everything here is for the issuer at the root. A realm (\`PUT /lab/realms/{name}\`) is an issuer of its own and has all of it,
realms excepted, below its own URL: \`/realms/{name}/lab/…\`.

There is no sign-in. Requests that a browser sends from a page of another site are refused with 403, and so are those for another
host name. An error is \`{ "error", "error_description" }\`.`

/** Describes the control API from the schemas of its routes, as OpenAPI 3.1 for `lab/description.ts` to show. */
export const openApi = fp(async app => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Tern ID, control API of the lab', description, version: '1' },
      servers: [
        { url: '/', description: 'the issuer at the root' },
        { url: '/realms/{realm}', description: 'a realm', variables: { realm: { default: 'red', description: 'its name' } } }
      ],
      tags: ['Lab', 'Realms', 'Users', 'Sessions', 'Clients', 'Faults', 'Clock', 'Keys', 'Ledger', 'Settings']
        .map(name => ({ name }))
    },
    hideUntagged: true,
    transformObject: document => 'openapiObject' in document ? withoutDefaulted(document.openapiObject) : {},
    transform: ({ schema, url }) => ({ schema: url.startsWith('/realms/') ? { ...schema, hide: true } : schema, url })
  })
}, { name: 'open-api' })

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
