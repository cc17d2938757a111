import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '#lib/validation/schema.ts'
import type { UserSessions } from '../sessions/user-sessions.ts'
import { requireSession } from '../plugins/browser-session.ts'

/** Where the person is signed in, so that they can end what they do not know. */
export const sessionListRoutes: FastifyPluginAsyncTypebox<{ sessions: UserSessions }> = async (app, { sessions }) => {
  app.get('/sessions', { preHandler: requireSession }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const here = request.signedIn!
    return {
      sessions: (await sessions.ofSamePerson(here)).map(({ id, handle, device, startedAt, lastUsedAt, expiresAt }) => ({
        handle,
        current: id === here.id,
        device,
        startedAt: new Date(startedAt).toISOString(),
        lastUsedAt: new Date(lastUsedAt).toISOString(),
        expiresAt: new Date(expiresAt).toISOString()
      }))
    }
  })

  app.post('/sessions/:handle/end', {
    preHandler: [requireSession, app.csrfProtection],
    schema: { params: Type.Object({ handle: Type.String({ maxLength: 50 }) }) }
  }, async (request, reply) => {
    const all = await sessions.ofSamePerson(request.signedIn!)
    const session = all.find(({ handle }) => handle === request.params.handle)
    if (!session) return reply.code(404).send({ error: 'not_found' })
    await sessions.end(session.id, 'signed_out_elsewhere')
    return reply.code(204).send()
  })
}
