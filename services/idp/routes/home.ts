import type { FastifyPluginAsync } from 'fastify'
import type { IdpConfig } from '../config.ts'

/** The front page, for whoever follows the issuer's URL: what this is and where to go. */
export const homeRoutes: FastifyPluginAsync<{ config: IdpConfig }> = async (app, { config }) => {
  app.get('/', async (_request, reply) => reply.viewAsync('home', {
    title: 'Tern ID',
    issuer: config.issuer,
    app: config.app,
    testUsers: config.lab ? config.users : []
  }))
}
