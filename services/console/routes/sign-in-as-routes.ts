import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { createFetch } from '#lib/outbound/outbound.ts'
import { withoutTrailingSlash, type Addresses } from '#lib/settings/settings.ts'
import { Type } from '#lib/validation/schema.ts'

const fetch = createFetch({ timeouts: { connect: 2_000 }, userAgent: 'console' })

interface Answer { url?: string, error_description?: string }

/** `/sign-in?username=alice`: opened in a window, it has that person signed in at the application, whoever was before. */
export const signInRoutes: FastifyPluginAsyncTypebox<{ addresses: Addresses }> = async (app, { addresses: { app: application, issuer } }) => {
  app.get('/sign-in', {
    schema: { querystring: Type.Object({ username: Type.String({ minLength: 1, maxLength: 254 }), realm: Type.Optional(Type.String({ maxLength: 63 })) }) }
  }, async ({ query: { username, realm = '' } }, reply) => {
    const notSignedIn = (status: number, why: string) => reply.code(status).viewAsync('not-signed-in', { title: 'Not signed in', username, why })
    if (realm !== '') return notSignedIn(400, `No application of the lab uses the realm “${realm}”.`)
    // What the provider knows of a browser is in its cookies: the browser fetches them there, by a link that works once.
    const response = await fetch(`${withoutTrailingSlash(issuer)}/lab/sign-in-links`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, target: `${application}/login` })
    }).catch(() => undefined)
    const { url, error_description: why } = response ? await response.json() as Answer : { error_description: `The identity provider does not answer at ${issuer}.` }
    if (url !== undefined) return reply.redirect(url, 303)
    return notSignedIn(response?.status ?? 502, why ?? 'The identity provider does not say why.')
  })
}
