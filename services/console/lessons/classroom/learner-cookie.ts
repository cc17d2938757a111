import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Learner, Learners } from './learners.ts'

const name = 'learner'
const maxAgeSeconds = 180 * 24 * 60 * 60

/** Who learns in the browser that asks: somebody new where it has no cookie yet. */
export async function learnerOf (request: FastifyRequest, reply: FastifyReply, learners: Learners): Promise<Learner> {
  const known = await learners.get(request.cookies[name])
  if (known) return known
  const learner = await learners.enrol()
  reply.setCookie(name, learner.id, { path: '/', httpOnly: true, sameSite: 'lax', maxAge: maxAgeSeconds })
  return learner
}
