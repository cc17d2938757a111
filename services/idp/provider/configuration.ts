import type { AdapterFactory, Configuration, JWKS } from 'oidc-provider'
import { StateError } from '#lib/store/state-error.ts'
import type { Accounts } from '../accounts/accounts.ts'
import { acrsOf } from '../accounts/authentication-levels.ts'
import { assertClaims } from '../accounts/sign-in-demands.ts'
import { claimsByScope, claimsOf } from '../accounts/user-claims.ts'
import { extraClientMetadata } from '../clients/client-metadata.ts'
import type { Clients } from '../clients/registered-clients.ts'
import type { PermissiveClients } from '../permissive/permissive-clients.ts'
import { pkceRequired } from '../permissive/permit-authorization-requests.ts'
import { permitSilentSignIn } from '../permissive/permit-silent-sign-in.ts'
import { dressed, presetOf } from '../presets/presets.ts'
import { signingAlgorithms } from '../state/issuer-keys.ts'
import type { RealmSettings } from '../state/realm-settings.ts'
import { allowFormsOf } from './content-security-policy.ts'
import { deviceFlow } from './device-flow.ts'
import { dynamicRegistration } from './dynamic-registration.ts'
import { detailsOf } from './error-details.ts'
import { promptValues, strictPolicy } from './interaction-policy.ts'
import { lifetimesOf, sessionSeconds } from './lifetimes.ts'
import { loadGrant } from './load-grant.ts'
import type { ProviderPages } from './provider-pages.ts'
import { clientSigningAlgorithms, requestSecurity } from './request-security.ts'
import { cookiesOf, keepSession } from './session-cookies.ts'
import { signInByHint } from './sign-in-by-hint.ts'

/** What the configuration of a provider depends on. */
export interface ProviderSettings {
  /** path of the issuer, '' at the root */
  mountPath: string
  /** whether it may do what only a lab may */
  lab: boolean
  /** where it keeps what it keeps, and finds clients */
  adapter: AdapterFactory
  /** the private keys that it signs with */
  jwks: JWKS
  /** what it signs cookies with, newest first */
  cookieKeys: string[]
  accounts: Accounts
  clients: Clients
  permissive: PermissiveClients
  settings: RealmSettings
  pages: ProviderPages
  /** how it sends requests of its own */
  fetch: NonNullable<Configuration['fetch']>
}

/**
 * oidc-provider's configuration: strict, and with none of its development defaults.
 *
 * @see https://github.com/panva/node-oidc-provider/blob/main/docs/README.md#configuration-options
 */
export function configurationOf ({
  mountPath, lab, adapter, jwks, cookieKeys, accounts, clients, permissive, settings, pages, fetch
}: ProviderSettings): Configuration {
  const policy = strictPolicy(accounts)
  const preset = presetOf(settings)
  permitSilentSignIn(policy, { permissive, accounts, settings, sessionSeconds })

  return {
    adapter,
    jwks,
    cookies: cookiesOf(mountPath, cookieKeys),
    fetch,
    ttl: lifetimesOf(clients, settings),

    responseTypes: ['code'],
    subjectTypes: ['public'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    enabledJWA: { idTokenSigningAlgValues: [...signingAlgorithms], ...clientSigningAlgorithms },
    pkce: { required: pkceRequired(permissive) },
    allowOmittingSingleRegisteredRedirectUri: false,
    // A page that is a client itself, and so a public one, calls from where its redirect URIs are. Those with a scheme of an
    // application are nowhere, and a page whose origin is hidden is not there either.
    clientBasedCORS: (_ctx, origin, client) => client.tokenEndpointAuthMethod === 'none' && origin !== 'null' &&
      (client.redirectUris ?? []).some(uri => new URL(uri).origin === origin),
    clientDefaults: { grant_types: ['authorization_code'], response_types: ['code'], id_token_signed_response_alg: 'RS256' },
    extraClientMetadata: extraClientMetadata(clients),
    // oidc-provider knows nothing of front-channel logout, see `extensions/sign-out-in-frames.ts`.
    discovery: {
      frontchannel_logout_supported: true,
      frontchannel_logout_session_supported: true,
      prompt_values_supported: promptValues
    },

    ...(lab && { extraParams: signInByHint(accounts) }),
    scopes: ['openid', 'offline_access'],
    acrValues: acrsOf(accounts),
    claims: claimsByScope(accounts, settings, clients),
    // Whether a claim of a scope stands in the ID token is a matter of the client: see `claimsOf`.
    conformIdTokenClaims: false,
    findAccount: async (ctx, sub) => {
      const user = accounts.find(sub)
      return user && {
        accountId: sub,
        claims: async (use, _scope, asked) => {
          const about = { clientId: ctx.oidc.client?.clientId ?? '', inIdToken: use === 'id_token' }
          return claimsOf(dressed(user, preset, about), use, ctx, { settings, asked })
        }
      }
    },

    loadExistingGrant: ctx => loadGrant(ctx, accounts),
    issueRefreshToken: async (_ctx, client, source) => client.grantTypeAllowed('refresh_token') &&
      (source.scopes.has('offline_access') || [client['refresh_tokens'], settings.refresh_tokens].includes('always')),
    // What was issued for offline access outlives the session, everything else ends with it.
    expiresWithSession: async (_ctx, source) => !source.scopes.has('offline_access'),
    rotateRefreshToken: preset?.rotatesRefreshTokens ?? true,

    interactions: { url: (_ctx, interaction) => `${mountPath}/interaction/${interaction.uid}`, policy },
    features: {
      devInteractions: { enabled: false },
      claimsParameter: { enabled: true, assertClaimsParameter: (_ctx, claims) => { assertClaims(claims) } },
      userinfo: { enabled: true },
      resourceIndicators: { enabled: false },
      introspection: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      ...requestSecurity,
      ...deviceFlow(pages.show.bind(pages), accounts, ctx => keepSession(ctx, mountPath)),
      ...dynamicRegistration(clients, settings.dynamic_client_registration),
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: async ctx => {
          const { client, session } = ctx.oidc
          allowFormsOf(ctx.res, clients.get(client?.clientId ?? ''), session?.state?.['postLogoutRedirectUri'])
          ctx.body = await pages.logout(client?.clientName, String(session?.state?.['secret']))
        },
        postLogoutSuccessSource: async ctx => { ctx.body = await pages.loggedOut() }
      }
    },
    renderError: async (ctx, out, error) => {
      ctx.type = 'html'
      const said = error instanceof StateError ? { error: 'temporarily_unavailable' } : out
      ctx.body = await pages.error(said, detailsOf(ctx, said, { clients, lab }))
    }
  }
}
