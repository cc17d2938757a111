import type { FastifyPluginAsync } from 'fastify'

/**
 * A host below the careless site's own, which the attacker has got hold of: a forgotten subdomain. What it sets for the domain above,
 * browsers send to the careless site.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6265#section-8.6
 */
export const plantRoutes: FastifyPluginAsync<{ careless: string }> = async (app, { careless }) => {
  const { host, hostname } = new URL(careless)
  app.get<{ Params: { attempt: string } }>('/a/:attempt/plant', { config: { endpoint: 'plant' }, constraints: { host: `evil.${host}` } }, async ({ attempt }, reply) => {
    reply.setCookie('session', attempt.state.kept['planted'] ?? '', { domain: hostname, path: `/a/${attempt.id}/`, sameSite: 'lax' })
    return reply.redirect(attempt.home, 303)
  })
}
