import { fastifySSE } from '@fastify/sse'
import type { FastifyPluginAsync } from 'fastify'
import type { SessionWatch } from '../sessions/session-watch.ts'
import type { UserSessions } from '../sessions/user-sessions.ts'

/** Who is signed in, for the page. Never a token. */
export const sessionRoutes: FastifyPluginAsync<{
  sessions: UserSessions
  watch: SessionWatch
}> = async (app, { sessions, watch }) => {
  await app.register(fastifySSE)

  app.get('/session', async (request, reply) => {
    reply.header('cache-control', 'no-store')
    if (!request.signedIn) {
      const id = request.session.get('id')
      const reason = id === undefined ? 'signed_out' : await sessions.endingOf(id)
      // Who has signed out need not be told.
      return { authenticated: false, ...(reason !== 'signed_out' && { ended: { reason } }) }
    }
    const { user, expiresAt } = request.signedIn
    return {
      authenticated: true,
      user,
      expiresAt: new Date(expiresAt).toISOString(),
      csrfToken: reply.generateCsrf()
    }
  })

  // For as long as somebody is signed in, so that all tabs notice when nobody is any more.
  app.get('/session/events', {
    sse: { kind: 'only' },
    exposeHeadRoute: false
  }, async (request, reply) => {
    // To an EventSource that means that there is no need to come again.
    if (!request.signedIn) return reply.code(204).send()
    const { id } = request.signedIn
    let tell = () => {}
    const ended = new Promise<void>(resolve => { tell = resolve })
    const unwatch = watch.watch(id, tell)
    if (!unwatch) return reply.code(429).header('retry-after', '60').send({ error: 'too_many_streams' })
    reply.sse.onClose(() => {
      unwatch()
      tell()
    })
    await reply.sse.send((async function * () {
      yield { event: 'ready', data: {}, retry: 1_000 }
      await ended
      if (!reply.sse.isConnected || await sessions.isThere(id)) return
      yield { event: 'ended', data: { reason: await sessions.endingOf(id) } }
    })())
  })
}
