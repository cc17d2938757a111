import fp from 'fastify-plugin'
import helmet, { type FastifyHelmetRouteOptions } from '@fastify/helmet'
import type { RelyingPartyConfig } from '../config.ts'
import type { IdentityProviders } from '../providers.ts'

type RouteHeaders = NonNullable<FastifyHelmetRouteOptions['helmet']>

const unlikePages = { useDefaults: false, directives: { 'default-src': ["'self'"], 'object-src': ["'none'"], 'base-uri': ["'none'"] } }

/** Headers of a page that only pages of this application may have in a frame. */
export const framedByOurselves: RouteHeaders = {
  contentSecurityPolicy: { ...unlikePages, directives: { ...unlikePages.directives, 'frame-ancestors': ["'self'"] } },
  frameguard: { action: 'sameorigin' }
}

/** Headers of a page that only pages of these origins may have in a frame. */
export const framedBy = (origins: () => string[]): RouteHeaders => ({
  contentSecurityPolicy: {
    ...unlikePages, directives: { ...unlikePages.directives, 'frame-ancestors': [() => origins().join(' ')] }
  },
  // It knows no list of origins.
  frameguard: false
})

/** Headers for every answer. The page may load the Messenger and connect it to Genesys, and nothing else. */
export const securityHeaders = fp<{ config: RelyingPartyConfig, providers: IdentityProviders }>(async (app, { config, providers }) => {
  const { messenger } = config
  const web = messenger.origins.filter(origin => origin.startsWith('http'))
  const secure = config.app.startsWith('https:')
  const providersOrigins = () => providers.all.flatMap(({ origins }) => origins).join(' ')

  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'script-src': ["'self'", ...web],
        'style-src': ["'self'"],
        'img-src': ["'self'", 'data:', ...web],
        'connect-src': ["'self'", ...messenger.origins],
        // The Messenger's next code is fetched in a frame that passes through the provider.
        'frame-src': ["'self'", providersOrigins, ...web],
        // Signing out is a form that ends at the provider.
        'form-action': ["'self'", providersOrigins],
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
