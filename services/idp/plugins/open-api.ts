import fp from 'fastify-plugin'
import swagger from '@fastify/swagger'

const description = `What this identity provider can do for tests and lessons, beside being a strict OpenID Provider.

Everything here is for the issuer at the root. A realm (\`PUT /lab/realms/{name}\`) is an issuer of its own and has all of it, realms
excepted, below its own URL: \`/realms/{name}/lab/…\`.

There is no sign-in. Requests that a browser sends from a page of another site are refused with 403, and so are those for another host
name. An error is \`{ "error", "error_description" }\`.`

/** Describes the control API from the schemas of its routes, as OpenAPI 3.1 for `lab/description.ts` to show. */
export const openApi = fp(async app => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Tern ID, control API of the lab', description, version: '1' },
      tags: ['Lab', 'Realms', 'Users', 'Sessions', 'Clients', 'Faults', 'Clock', 'Keys', 'Ledger', 'Settings'].map(name => ({ name }))
    },
    hideUntagged: true,
    transform: ({ schema, url }) => ({ schema: url.startsWith('/realms/') ? { ...schema, hide: true } : schema, url })
  })
}, { name: 'open-api' })
