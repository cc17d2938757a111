import type { IncomingMessage } from 'node:http'
import type { Provider } from 'oidc-provider'

const handedOver = new WeakMap<IncomingMessage, { error?: unknown }>()

/**
 * Have oidc-provider leave to Fastify what it has no endpoint for and what it fails at, where Koa would answer in plain text
 * and print a stack. To be called before all other `provider.use`.
 *
 * @param isRemoved whether the realm has been removed meanwhile: what then fails is no failure of the provider
 */
export function handOverToFastify (provider: Provider, isRemoved: () => boolean): void {
  provider.use(async (ctx, next) => {
    try {
      await next()
      // There is a context of OpenID Connect as soon as a route was found. Some have nothing to say, e.g. to an OPTIONS that
      // is not a preflight.
      const isThere = ctx.oidc && !(ctx.status === 404 && ctx.body === undefined)
      if (isThere && !(isRemoved() && ctx.status >= 500)) return
      handedOver.set(ctx.req, {})
    } catch (error) {
      handedOver.set(ctx.req, { error })
    }
    // With it go the headers that say of which kind it is.
    ctx.body = null
    ctx.respond = false
  })
}

/** What is handed over of a request that a provider was given: nothing, an error, or the whole request. */
export const handedOverOf = (request: IncomingMessage): { error?: unknown } | undefined => handedOver.get(request)
