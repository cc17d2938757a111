import type { FastifyReply, FastifyRequest } from 'fastify'
import type { InteractionResults, Provider } from 'oidc-provider'
import { secondFactorNeeded } from './policy.ts'

/** What a person is asked, and by which request. */
export type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>

/** Whether somebody who is signed in is asked for the second factor, and for nothing else. */
export const asksForSecondFactor = ({ prompt: { name, reasons } }: Interaction): boolean =>
  name === 'login' && reasons.every(reason => reason === secondFactorNeeded)

/** End an interaction, and let the browser go on. */
export async function finish (request: FastifyRequest, reply: FastifyReply, result: InteractionResults) {
  const next = await request.realm.provider.interactionResult(request.raw, reply.raw, result, { mergeWithLastSubmission: false })
  return reply.redirect(next, 303)
}
