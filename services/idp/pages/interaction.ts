import type { FastifyReply, FastifyRequest } from 'fastify'
import type { InteractionResults, Provider } from 'oidc-provider'
import type { Authentication } from '../accounts/authentication-levels.ts'
import { secondFactorNeeded } from '../provider/interaction-policy.ts'

/** What a person is asked, and by which request. */
export type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>

/** Whether somebody who is signed in is asked for the second factor, and for nothing else. */
export const asksForSecondFactor = ({ prompt: { name, reasons } }: Interaction): boolean =>
  name === 'login' && reasons.every(reason => reason === secondFactorNeeded)

/** Whether a person is asked which account to go on with, if there is one to go on with. */
export const asksForAccount = ({ prompt: { name }, session }: Interaction): boolean =>
  name === 'select_account' && session?.accountId !== undefined

/** Who has signed in, for `finish`; by that, the account is chosen too. */
export const signedIn = (accountId: string, authentication: Authentication): InteractionResults =>
  ({ login: { accountId, ...authentication }, select_account: {} })

/** End an interaction, and let the browser go on. */
export async function finish (request: FastifyRequest, reply: FastifyReply, result: InteractionResults) {
  const next = await request.realm.provider.interactionResult(request.raw, reply.raw, result, { mergeWithLastSubmission: false })
  return reply.redirect(next, 303)
}
