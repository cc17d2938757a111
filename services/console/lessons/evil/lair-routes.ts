import type { FastifyPluginAsync } from 'fastify'
import { Play } from '../play/play.ts'
import { playMove } from '../play/play-move.ts'

// What comes is a code or a token as a rule.
const maxCaughtLength = 4_000

/** The attacker's own page, the page that Alice is lured to, and the address that catches what a browser brings. */
export const lairRoutes: FastifyPluginAsync = async app => {
  app.get('/a/:attempt/', async ({ attempt }, reply) => {
    const { lesson: { title, moves }, state: { loot, log, ticked } } = attempt
    return reply.viewAsync('lair', {
      title: `Mallory: ${title}`, lair: attempt.lair, loot, log, moves: moves.filter(({ by }) => by === 'mallory'), done: ticked
    })
  })

  app.post<{ Params: { move: string } }>('/a/:attempt/moves/:move', async ({ attempt, params }, reply) => {
    await playMove(attempt, params.move)
    return reply.redirect(attempt.lair, 303)
  })

  app.get('/a/:attempt/lure', { config: { endpoint: 'lure' } }, async ({ attempt }, reply) =>
    reply.viewAsync('lure', { title: 'You have won a kayak', ...attempt.lesson.lure?.(new Play(attempt)) }))

  // Browsers are sent here with what was meant for somebody else, in the query, in a form, or by a script.
  app.route<{ Querystring: Record<string, string>, Body: Record<string, string> | undefined }>({
    method: ['GET', 'POST'],
    url: '/a/:attempt/catch',
    config: { endpoint: 'catch' },
    handler: async ({ attempt, query, body }, reply) => {
      for (const [name, value] of Object.entries({ ...query, ...body })) attempt.state.kept[`caught ${name}`.slice(0, 60)] = String(value).slice(0, maxCaughtLength)
      return reply.viewAsync('caught', { title: 'Thank you for visiting', home: attempt.home })
    }
  })
}
