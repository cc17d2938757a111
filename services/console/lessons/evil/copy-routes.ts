import type { FastifyPluginAsync } from 'fastify'

/** A page that looks like the careless site's, by that site's own style sheet. What is typed into it stays here, and the browser goes on to the right site. */
export const copyRoutes: FastifyPluginAsync<{ careless: string }> = async (app, { careless }) => {
  app.get('/a/:attempt/copy', { config: { endpoint: 'copy' } }, async ({ attempt: { home, lair } }, reply) =>
    reply.viewAsync('copy', { home, action: `${lair}copy`, styles: `${careless}/site/careless.css` }))

  app.post<{ Body: { card?: string } | undefined }>('/a/:attempt/copy', { config: { endpoint: 'copied_card' } }, async ({ attempt, body }, reply) => {
    attempt.state.kept['card typed into the copy'] = String(body?.card ?? '').slice(0, 40)
    return reply.redirect(`${attempt.home}account`, 303)
  })
}
