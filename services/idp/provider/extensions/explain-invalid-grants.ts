import type { errors, KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Store } from '#lib/store/store.ts'
import { deviceCodeGrant } from '../../clients/registered-clients.ts'
import { usedAt } from '../../realm/oidc-adapter.ts'

/**
 * Makes the token endpoint say in `error_description` why it refused a code or a refresh token, where oidc-provider says
 * no more than `grant request is invalid`. Only a client that has authenticated gets so far as `invalid_grant`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2
 */
export function explainInvalidGrants (provider: Provider, store: Store): void {
  const refused = new WeakMap<object, errors.OIDCProviderError>()
  provider.on('grant.error', (ctx, error) => { refused.set(ctx, error) })

  provider.use(async (ctx, next) => {
    await next()
    const error = refused.get(ctx)
    if (error?.error !== 'invalid_grant' || !isOAuthError(ctx.body)) return
    const why = await explain(ctx as KoaContextWithOIDC, error.error_detail ?? '', provider, store)
    if (why !== undefined) ctx.body = { ...ctx.body, error_description: printable(why) }
  })
}

/** Not the page that a browser would get. */
const isOAuthError = (body: unknown): body is { error: string } => typeof body === 'object' && body !== null && 'error' in body

/** RFC 6749 leaves out quotes, backslashes, and everything beyond ASCII. */
const printable = (text: string) => text.replaceAll(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?')

async function explain (ctx: KoaContextWithOIDC, detail: string, provider: Provider, store: Store): Promise<string | undefined> {
  if (/DPoP/.test(detail)) return detail
  switch (ctx.oidc.params?.['grant_type']) {
    case 'authorization_code': return await explainCode(ctx, detail, provider, store)
    case 'refresh_token': return wordsIn(aboutRefreshTokens, detail)
    case deviceCodeGrant: return wordsIn(aboutDeviceCodes, detail)
    default: return undefined
  }
}

async function explainCode (ctx: KoaContextWithOIDC, detail: string, provider: Provider, store: Store) {
  const { code: value, redirect_uri: redirectUri } = ctx.oidc.params as Record<string, string>
  if (/client mismatch/.test(detail)) return 'the code was issued to another client'
  if (/code_verifier must be provided/.test(detail)) return 'code_verifier is missing'
  if (/code_verifier does not match/.test(detail)) return 'code_verifier does not match the code_challenge'
  if (/account not found/.test(detail)) return 'the user has been disabled since the code was issued'

  // A code that is used again takes its grant with it, so this is known even where the code is not any more.
  const used = await usedAt(store, 'AuthorizationCode', value!)
  const code = await provider.AuthorizationCode.adapter.find(value!)
  if (code && code.redirectUri !== redirectUri && /redirect_uri mismatch/.test(detail)) {
    return compareRedirectUris(String(code.redirectUri), redirectUri!)
  }
  if (used !== undefined) return `the code was redeemed ${secondsSince(used)} s ago, and a code works once`
  if (code?.exp !== undefined && secondsSince(code.exp) >= 0) return `the code has expired, ${secondsSince(code.exp)} s ago`
  if (code) return 'the person has signed out since the code was issued, or somebody else has signed in'
  return 'there is no such code: it was not issued here, or it ended long ago, or with a sign-out'
}

function compareRedirectUris (asked: string, given: string): string {
  if (given === `${asked}/`) return 'redirect_uri has a trailing slash that the authorization request had not'
  if (asked === `${given}/`) return 'redirect_uri lacks the trailing slash that the authorization request had'
  return `redirect_uri differs from that of the authorization request, which was ${asked}`
}

const aboutRefreshTokens: [RegExp, string][] = [
  [/client mismatch/, 'the refresh token was issued to another client'],
  [/account not found/, 'the user has been disabled since the refresh token was issued'],
  [/already (used|consumed)/,
    'the refresh token was used before and replaced by another: this may be a theft, so everything issued with it has ended'],
  [/not found|expired/, 'there is no such refresh token any more: it has expired, it was revoked, or the person has signed out']
]

const aboutDeviceCodes: [RegExp, string][] = [
  [/client mismatch/, 'the device code was issued to another client'],
  [/account not found/, 'the user has been disabled since the device was connected'],
  [/already (used|consumed)/, 'the device code was redeemed before, and a device code works once'],
  [/not found|expired/, 'there is no such device code any more: it has expired, or the person has signed out']
]

const wordsIn = (reasons: [RegExp, string][], detail: string) => reasons.find(([pattern]) => pattern.test(detail))?.[1]

const secondsSince = (epochTime: number) => Math.floor(Date.now() / 1000) - epochTime
