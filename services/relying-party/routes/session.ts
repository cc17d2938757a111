import type { FastifyPluginAsync } from 'fastify'

/** Who is signed in, for the page. Never a token. */
export const sessionRoutes: FastifyPluginAsync = async app => {
  app.get('/session', async (request, reply) => {
    reply.header('cache-control', 'no-store')
    if (!request.signedIn) return { authenticated: false }
    const { user, expiresAt } = request.signedIn
    return {
      authenticated: true,
      user,
      expiresAt: new Date(expiresAt).toISOString(),
      csrfToken: reply.generateCsrf()
    }
  })
}
