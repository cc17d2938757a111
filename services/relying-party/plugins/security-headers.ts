import fp from 'fastify-plugin'
import helmet from '@fastify/helmet'
import type { RelyingPartyConfig } from '../config.ts'

/** Headers for every answer. The page may load the Messenger and connect it to Genesys, and nothing else. */
export const securityHeaders = fp<{ config: RelyingPartyConfig }>(async (app, { config }) => {
  const { messenger, issuer } = config
  const web = messenger.origins.filter(origin => origin.startsWith('http'))
  const secure = config.app.startsWith('https:')

  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'script-src': ["'self'", ...web],
        'style-src': ["'self'"],
        'img-src': ["'self'", 'data:', ...web],
        'connect-src': ["'self'", ...messenger.origins],
        'frame-src': web,
        // Signing out is a form that ends at the provider.
        'form-action': ["'self'", new URL(issuer).origin],
        'frame-ancestors': ["'none'"],
        'object-src': ["'none'"],
        'base-uri': ["'none'"]
      }
    },
    // Callbacks have codes in their address. It must not travel further, not even within this application.
    referrerPolicy: { policy: 'no-referrer' },
    // The Messenger's windows and scripts are of another origin.
    crossOriginOpenerPolicy: { policy: 'same-origin-allow-popups' },
    ...(!secure && { strictTransportSecurity: false })
  })
}, { name: 'security-headers' })
