import fp from 'fastify-plugin'
import type { RelyingPartyConfig } from '../config.ts'

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])
const forMachines = /^\/(livez|readyz)$/

/** Sends whoever typed another name of this machine to the one that cookies and redirect URIs are of. */
export const canonicalHost = fp<{ config: RelyingPartyConfig }>(async (app, { config }) => {
  const { hostname, protocol } = new URL(config.app)
  // Anywhere else it is a proxy that calls it so, and would be sent round for ever.
  if (!hostname.endsWith('.localhost') || protocol !== 'http:') return

  app.addHook('onRequest', async (request, reply) => {
    if (loopback.has(request.hostname) && request.hostname !== hostname && !forMachines.test(request.url)) {
      // The target of a request may also be a whole URL, or no path: https://www.rfc-editor.org/rfc/rfc9112#section-3.2
      return reply.redirect(config.app + (request.url.startsWith('/') ? request.url : '/'), 302)
    }
  })
}, { name: 'canonical-host' })
