import type { FastifyPluginAsync } from 'fastify'
import { readIdToken } from './read-id-token.ts'
import { beginSession } from './sessions.ts'

/**
 * Signing in by an ID token that the page has got and hands over. It does not come from the provider itself, so that all there is to
 * believe is in the token.
 */
export const oneTapRoutes: FastifyPluginAsync = async app => {
  app.post<{ Body: { credential?: string } }>('/a/:attempt/one-tap', { config: { endpoint: 'one_tap' } }, async (request, reply) => {
    const { attempt, body } = request
    const checks = await attempt.checks()
    const credential = String(body?.credential ?? '')
    const claims = await readIdToken(attempt, checks, attempt.realm.issuer, credential)
    beginSession(request, reply, checks, { claims, profile: { ...namedIn(attempt.memory.accounts, claims), ...claims }, tokens: { id_token: credential } })
    return reply.redirect(`${attempt.home}account`, 303)
  })
}

// An ID token of the code flow has no name in it: of somebody who was here before, the site has it.
const namedIn = (accounts: Record<string, { name: string, email: string }>, { iss, sub }: { iss: string, sub: string }) => {
  const { name, email } = accounts[`${iss} ${sub}`] ?? {}
  return { ...(name !== undefined && { name }), ...(email !== undefined && { email }) }
}
