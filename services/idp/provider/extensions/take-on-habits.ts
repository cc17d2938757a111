import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Preset, TokenError } from '../../presets/preset.ts'

/** Has a provider answer as another product does, where oidc-provider has no setting for it. */
export function takeOnHabits (provider: Provider, preset: Preset | undefined): void {
  if (!preset) return
  provider.use(async (context, next) => {
    await next()
    if (!context.oidc) return
    const ctx = context as KoaContextWithOIDC
    if (!preset.namesIssuerInResponses) leaveIssuerOut(ctx, provider.issuer)
    const isError = ctx.oidc.route === 'token' && typeof ctx.body === 'object' && ctx.body !== null && 'error' in ctx.body
    if (isError && preset.tokenError) ctx.body = preset.tokenError(ctx.body as TokenError)
  })
  if (preset.namesIssuerInResponses) return
  // For the modes of response that are no redirect.
  provider.on('authorization.success', (_ctx, response) => {
    const answer = response as { iss?: string | undefined } | undefined
    if (answer?.iss === provider.issuer) answer.iss = undefined
  })
}

/** @see https://www.rfc-editor.org/rfc/rfc9207 */
function leaveIssuerOut (ctx: KoaContextWithOIDC, issuer: string): void {
  if (ctx.oidc.route === 'discovery' && ctx.status === 200) {
    const { authorization_response_iss_parameter_supported: _promised, ...document } = ctx.body as Record<string, unknown>
    ctx.body = document
  }
  const location = URL.parse(ctx.response.get('location'))
  if (location?.searchParams.get('iss') !== issuer || !location.searchParams.has('error')) return
  location.searchParams.delete('iss')
  ctx.set('location', location.href)
}
