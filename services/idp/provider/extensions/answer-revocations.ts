import type { Provider } from 'oidc-provider'

/**
 * Nothing, and so of no content type: oidc-provider's empty text is refused by clients that look at the type before they look
 * whether there is anything.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7009#section-2.2
 */
export function answerRevocations (provider: Provider): void {
  provider.use(async (ctx, next) => {
    await next()
    if (ctx.oidc?.route !== 'revocation' || ctx.status !== 200) return
    ctx.body = null
    // Koa takes a body that is nothing for 204.
    ctx.status = 200
  })
}
