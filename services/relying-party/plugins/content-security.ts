import type { onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { securityHeadersFor, transportSecurityOf } from '#lib/server/security-headers.ts'
import type { RelyingPartyConfig } from '../config.ts'
import type { IdentityProviders } from '../oidc/identity-providers.ts'

/** Headers for every answer. The page may load the Messenger and connect it to Genesys, and nothing else. */
export const securityHeaders = fp<{
  config: RelyingPartyConfig
  providers: IdentityProviders
}>(async (app, { config, providers }) => {
  const { messenger } = config
  const web = messenger.origins.filter(origin => origin.startsWith('http'))
  // Not those of files that people send, which are of another domain than Genesys itself.
  const { origin: scriptOrigin, hostname } = new URL(messenger.scriptUrl)
  const scripts = web.filter(origin => new URL(origin).hostname.endsWith(hostname.replace(/^[^.]+/, '')))

  const headers = securityHeadersFor(() => providers.all.flatMap(({ origins }) => origins), origins => ({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'script-src': ["'self'", ...new Set([scriptOrigin, ...scripts])],
        'style-src': ["'self'"],
        'img-src': ["'self'", 'data:', ...web],
        'connect-src': ["'self'", ...messenger.origins],
        // The Messenger's next code is fetched in a frame that passes through the provider.
        'frame-src': ["'self'", ...origins, ...web],
        // Signing out is a form that ends at the provider.
        'form-action': ["'self'", ...origins],
        'frame-ancestors': ["'none'"],
        'object-src': ["'none'"],
        'base-uri': ["'none'"]
      }
    },
    frameguard: { action: 'deny' },
    // Callbacks have codes in their address. It must not travel further, not even within this application.
    referrerPolicy: { policy: 'no-referrer' },
    // The Messenger's windows and scripts are of another origin.
    crossOriginOpenerPolicy: { policy: 'same-origin-allow-popups' },
    strictTransportSecurity: transportSecurityOf(config.app)
  }))
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers())
    done()
  })
}, { name: 'security-headers' })

/** Hook of a page that only pages of these origins, or `'self'`, may have in a frame. */
export function framedBy (origins: () => string[]): onRequestHookHandler {
  const headers = securityHeadersFor(origins, origins => ({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { 'default-src': ["'self'"], 'object-src': ["'none'"], 'base-uri': ["'none'"], 'frame-ancestors': origins }
    }
  }))
  return (_request, reply, done) => {
    reply.header('content-security-policy', headers()['content-security-policy'])
    // It knows no list of origins.
    reply.removeHeader('x-frame-options')
    done()
  }
}

/** The Content-Security-Policy of a page that may do these things alone. */
export function policyOf (directives: Record<string, string[]>): string {
  const none = Object.fromEntries(['default-src', 'form-action', 'frame-ancestors', 'base-uri'].map(name => [name, ["'none'"]]))
  const headers = securityHeadersFor(() => [], () => ({
    contentSecurityPolicy: { useDefaults: false, directives: { ...none, ...directives } }
  }))
  return headers()['content-security-policy']!
}
