import type { IncomingMessage } from 'node:http'
import type { Provider } from 'oidc-provider'
import type { Realm } from './realm.ts'

const leftOver = new WeakMap<IncomingMessage, { error?: unknown }>()

/**
 * Have oidc-provider leave to others what it has no endpoint for and what it fails at, where Koa would answer in plain text
 * and print a stack. To be called before all other `provider.use`.
 */
export function leaveToOthers (provider: Provider, realm: Pick<Realm, 'removed'>): void {
  provider.use(async (ctx, next) => {
    try {
      await next()
      // There is a context of OpenID Connect as soon as a route was found. Some have nothing to say, e.g. to an OPTIONS that
      // is not a preflight.
      const isThere = ctx.oidc && !(ctx.status === 404 && ctx.body === undefined)
      if (isThere && !(realm.removed && ctx.status >= 500)) return
      leftOver.set(ctx.req, {})
    } catch (error) {
      leftOver.set(ctx.req, { error })
    }
    // With it go the headers that say of which kind it is.
    ctx.body = null
    ctx.respond = false
  })
}

/** What is left to others of a request that a provider was given: nothing, an error, or the whole request. */
export const leftOf = (request: IncomingMessage): { error?: unknown } | undefined => leftOver.get(request)
