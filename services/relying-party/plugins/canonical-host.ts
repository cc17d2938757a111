import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { basePathOf } from '#lib/server/request-target.ts'
import { unnoticed } from '#lib/server/route-config.ts'
import type { RelyingPartyConfig } from '../config.ts'
import { policyOf } from './content-security.ts'

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])
// Programs that cannot resolve our name call the control API by another of this machine; `sameSiteOnly` checks the name there.
const labPath = /^\/lab(\/|\?|$)/
const forAnyName = /^\/(livez|readyz|own-name\.js|addresses\.js|brand\.css|page\.css|problem\.css|brand\/[^/]+)$/

/** Sends whoever typed another name of this machine to the one that cookies and redirect URIs are of. */
export const canonicalHost = fp<{ config: RelyingPartyConfig }>(async (app, { config }) => {
  const { host, hostname, origin, port, protocol } = new URL(config.app)
  const isBelowLocalhost = hostname.endsWith('.localhost')
  const isLocalhost = hostname === 'localhost' && port === String(config.port)
  // Anywhere else it is a proxy that calls it so, and would be sent round for ever.
  if (!(isBelowLocalhost || isLocalhost) || protocol !== 'http:') return

  const contentSecurityPolicy = policyOf({
    'script-src': ["'self'"], 'style-src': ["'self'"], 'img-src': ["'self'"], 'connect-src': [origin]
  })
  const names = [config.app, config.issuer, config.messenger.scriptUrl].map(url => new URL(url).hostname).filter(name => name.endsWith('.localhost'))

  app.addHook('onRequest', async (request, reply) => {
    if (!loopback.has(request.hostname) || request.hostname === hostname || forAnyName.test(request.url)) return
    if (config.lab && labPath.test(request.url)) return
    // The target of a request may also be no path: https://www.rfc-editor.org/rfc/rfc9112#section-3.2
    const destination = config.app + (request.url.startsWith('/') ? request.url : '/')
    if (!isBelowLocalhost || !isNavigation(request)) return reply.redirect(destination, 302)
    // Not every browser finds such a name, and a redirect into nothing says nothing.
    reply.headers({ 'content-security-policy': contentSecurityPolicy, 'cache-control': 'no-store' })
    return reply.view('own-name', { base: basePathOf(config.app), host, destination, hosts: `127.0.0.1 ${names.join(' ')}`, lab: config.lab })
  })

  // What the page asks for, from another origin.
  app.get('/reachable', { config: unnoticed }, async (_request, reply) => {
    reply.headers({ 'cross-origin-resource-policy': 'cross-origin', 'cache-control': 'no-store' }).code(204)
  })
}, { name: 'canonical-host', dependencies: ['error-answers'] })

const isNavigation = ({ method, headers }: FastifyRequest) => method === 'GET' && headers.accept?.includes('text/html')
