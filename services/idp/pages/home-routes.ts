import type { FastifyPluginAsync } from 'fastify'
import { displayName } from '../accounts/users.ts'

/** The front page, for whoever follows the issuer's URL: what this is and where to go. */
export const homeRoutes: FastifyPluginAsync<{ app: string }> = async (fastify, { app }) => {
  fastify.get('/', async ({ realm }, reply) => reply.viewAsync('home', {
    title: 'Tern ID',
    issuer: realm.issuer,
    base: realm.mountPath,
    lab: realm.instruments !== undefined,
    app,
    testUsers: realm.instruments ? realm.accounts.all.map(user => ({ ...user, name: displayName(user) })) : []
  }))
}
