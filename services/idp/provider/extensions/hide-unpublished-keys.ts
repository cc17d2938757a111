import type { Provider } from 'oidc-provider'
import type { IssuerKeys } from '../../state/issuer-keys.ts'

/** oidc-provider publishes all keys it has, and only these. */
export function hideUnpublishedKeys (provider: Provider, keys: IssuerKeys): void {
  provider.use(async (ctx, next) => {
    await next()
    if (ctx.oidc?.route === 'jwks' && ctx.status === 200) ctx.body = keys.publishedJwks()
  })
}
