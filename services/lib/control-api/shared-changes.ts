import fp from 'fastify-plugin'
import type { RevisionFollower } from '../store/revision-follower.ts'

/**
 * Fastify plugin: what the control API of a service has changed at one replica holds at all others, before it is answered. For the lab
 * alone, and to be registered before all routes.
 */
export const sharedChanges = fp<{ revisions: RevisionFollower }>(async (app, { revisions }) => {
  app.addHook('onRequest', async ({ routeOptions }) => {
    if (routeOptions.config.catchUp !== false) await revisions.catchUp()
  })
  app.addHook('onSend', async ({ method, routeOptions }, { statusCode }) => {
    const isChange = method !== 'GET' && method !== 'HEAD' && statusCode < 400 && /^\/lab(\/|$)/.test(routeOptions.url ?? '')
    if (isChange) await revisions.revise()
  })
}, { name: 'shared-changes' })
