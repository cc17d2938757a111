import type { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { errors, Provider, type Configuration, type ErrorOut, type KoaContextWithOIDC } from 'oidc-provider'
import type { Logger } from '#lib/http-server.ts'
import { storeAdapter } from './adapter.ts'
import { logBackChannelLogout, send } from './back-channel-logout.ts'
import { claimsByScope, claimsOf } from './claims.ts'
import { extraClientMetadata } from './client-metadata.ts'
import { signingAlgorithms, type Clients } from './clients.ts'
import { allowForms } from './content-security-policy.ts'
import { assertClaims } from './demands.ts'
import { deviceFlow, fillInUserCode } from './device-flow.ts'
import { announceWhatClientsUse } from './discovery.ts'
import { detailsOf, type ErrorDetails } from './error-details.ts'
import { FaultInstead } from './faults/apply.ts'
import { frontChannelMetadata, signOutInFrames } from './front-channel-logout.ts'
import type { SigningKeys } from './keys.ts'
import { leaveToOthers } from './left-over.ts'
import { acrsOf, tellLevels } from './levels.ts'
import { attachInstruments, instrumentFetch } from './lab/instruments.ts'
import { pkceRequired } from './permissive/authorization-request.ts'
import { permitForClients } from './permissive/permit.ts'
import { policyOf } from './permissive/silent-sign-in.ts'
import { promptValues } from './policy.ts'
import type { Realm } from './realm.ts'
import { explainRefusals } from './refusals.ts'
import { replaceSelfSubmittingForms } from './self-submitting-forms.ts'
import { sendSessionInFrames } from './session-in-frames.ts'
import { leaveOutQuestion } from './sign-out-unasked.ts'
import { signInByHint } from './sign-in-by-hint.ts'
import { registration } from './registration.ts'
import { clientSigningAlgorithms, detectReplays, refuseByClient, requestSecurity } from './request-security.ts'
import type { Accounts } from './users.ts'

const minutes = 60
const hours = 60 * minutes
const days = 24 * hours

/** How long a browser stays signed in, in seconds. */
export const sessionLifetime = 8 * hours

/** The pages that the provider shows itself, each rendered to HTML. */
export interface ProviderPages {
  error (out: ErrorOut, details: ErrorDetails): Promise<string>
  /** @param xsrf value of the field `xsrf` of the form that is posted to `/session/end/confirm` */
  logout (clientName: string | undefined, xsrf: string): Promise<string>
  loggedOut (): Promise<string>
  /**
   * A page that goes on to `/session/end/confirm` by a click.
   *
   * @param why nobody was signed in any more; or somebody else was, and has to be signed out for the one who signs in
   */
  goOn (why: 'nobody signed in' | 'somebody else signed in', xsrf: string): Promise<string>
  /** Another page, by the name of its template. */
  show (template: string, page: object): Promise<string>
}

/** What an OpenID Provider is made of. */
export interface ProviderParts {
  realm: Realm
  pages: ProviderPages
  log: Logger
}

/**
 * The OpenID Provider: strict, and with none of oidc-provider's development defaults. It keeps nothing itself, so another
 * one can take its place, e.g. when keys have changed.
 */
export function createProvider ({ realm, pages, log }: ProviderParts): Provider {
  const { accounts, clients, cookieKeys, cookieSignatures, issuer, keys, mountPath, settings, store } = realm

  // Issuers on one host share its cookies: the path keeps theirs apart.
  const sessionCookie = { signed: true, httpOnly: true, sameSite: 'lax', path: mountPath || '/' } as const

  const configuration: Configuration = {
    adapter: storeAdapter(store, clients),
    jwks: keys.jwks(),
    cookies: {
      keys: cookieKeys,
      long: sessionCookie,
      short: { signed: true, httpOnly: true, sameSite: 'lax' },
      ...(mountPath && { names: cookieNames(mountPath) })
    },

    responseTypes: ['code'],
    subjectTypes: ['public'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    enabledJWA: { idTokenSigningAlgValues: [...signingAlgorithms], ...clientSigningAlgorithms },
    pkce: { required: pkceRequired(realm) },
    allowOmittingSingleRegisteredRedirectUri: false,
    // A page that is a client itself, and so a public one, calls from where its redirect URIs are. Those with a scheme of an
    // application are nowhere, and a page whose origin is hidden is not there either.
    clientBasedCORS: (_ctx, origin, client) => client.tokenEndpointAuthMethod === 'none' && origin !== 'null' &&
      (client.redirectUris ?? []).some(uri => new URL(uri).origin === origin),
    clientDefaults: { grant_types: ['authorization_code'], response_types: ['code'], id_token_signed_response_alg: 'RS256' },
    extraClientMetadata: extraClientMetadata(clients),
    discovery: { ...frontChannelMetadata, prompt_values_supported: promptValues },
    fetch: instrumentFetch(send, realm),

    extraParams: signInByHint(realm),
    scopes: ['openid', 'offline_access'],
    acrValues: acrsOf(accounts),
    claims: claimsByScope(accounts, settings.value, clients),
    // Whether a claim of a scope stands in the ID token is a matter of the client: see `claimsOf`.
    conformIdTokenClaims: false,
    findAccount: async (ctx, sub) => {
      const user = accounts.find(sub)
      return user && { accountId: sub, claims: async (use, _scope, asked) => claimsOf(user, use, ctx, asked) }
    },

    loadExistingGrant: ctx => loadGrant(ctx, accounts),
    issueRefreshToken: async (_ctx, client, source) => client.grantTypeAllowed('refresh_token') &&
      (source.scopes.has('offline_access') || client['refresh_token_with_session'] === true),
    // What was issued for offline access outlives the session, everything else ends with it.
    expiresWithSession: async (_ctx, source) => !source.scopes.has('offline_access'),
    rotateRefreshToken: true,
    ttl: {
      AuthorizationCode: 1 * minutes,
      AccessToken: 15 * minutes,
      IdToken: 1 * hours,
      RefreshToken: 14 * days,
      DeviceCode: 10 * minutes,
      Interaction: 1 * hours,
      Session: sessionLifetime,
      Grant: 14 * days
    },

    interactions: {
      url: (_ctx, interaction) => `${mountPath}/interaction/${interaction.uid}`,
      policy: policyOf(realm, sessionLifetime)
    },
    features: {
      devInteractions: { enabled: false },
      claimsParameter: { enabled: true, assertClaimsParameter: (_ctx, claims) => { assertClaims(claims) } },
      userinfo: { enabled: true },
      resourceIndicators: { enabled: false },
      introspection: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      ...requestSecurity,
      ...deviceFlow(pages.show, accounts, ctx => keepSession(ctx, sessionCookie)),
      ...registration(clients, settings.value.dynamic_client_registration),
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: async ctx => {
          const { client, session } = ctx.oidc
          allowForms(ctx.res, session?.state?.['postLogoutRedirectUri'], clients.get(client?.clientId ?? ''))
          ctx.body = await pages.logout(client?.clientName, String(session?.state?.['secret']))
        },
        postLogoutSuccessSource: async ctx => { ctx.body = await pages.loggedOut() }
      }
    },
    renderError: async (ctx, out) => {
      ctx.type = 'html'
      ctx.body = await pages.error(out, detailsOf(ctx, out, realm))
    }
  }

  const provider = new Provider(issuer, configuration)
  provider.keys = cookieSignatures
  leaveToOthers(provider, realm)
  leaveOutQuestion(provider)
  permitForClients(provider, realm, log)
  // Before the instruments, so that a fault in the way back is one in the way on from this page too.
  signOutInFrames(provider, page => pages.show('front-channel-sign-out', page))
  attachInstruments(provider, realm)

  // `sid` in every ID token, not only for clients that registered a logout URI for it.
  // https://openid.net/specs/openid-connect-backchannel-1_0.html#OPLogout
  Object.defineProperty(provider.Client.prototype, 'includeSid', { value: () => true })

  hashAccessTokens(provider)
  tellLevels(provider, accounts)

  // `routes/protocol.ts` says in these headers under which URL the world sees this provider.
  provider.proxy = true

  sendSessionInFrames(provider)
  announceWhatClientsUse(provider, realm)
  refuseByClient(provider)
  detectReplays(provider, store)
  fillInUserCode(provider, pages.show)
  replaceSelfSubmittingForms(provider, pages, clients)
  allowFormsOfInteractions(provider, clients)
  hideUnpublishedKeys(provider, keys)
  explainRefusals(provider, store)
  answerRevocations(provider)
  logRefusals(provider, realm, log)
  logBackChannelLogout(provider, log)
  return provider
}

/** Keep a session that has not been, in a browser that has none. */
async function keepSession ({ oidc: { cookies, provider, session } }: KoaContextWithOIDC, cookie: object): Promise<void> {
  if (!session || session.exp !== undefined) return
  cookies.set(provider.cookieName('session'), session.jti, cookie)
  await session.save(sessionLifetime)
}

/**
 * The grant of this session and client. First-party clients get one without a question, but for users who want to be
 * asked, and never when the request itself demands consent.
 *
 * @see https://github.com/panva/node-oidc-provider/blob/main/recipes/skip_consent.md
 */
async function loadGrant (ctx: KoaContextWithOIDC, accounts: Accounts) {
  const { client, session, provider, account, result, requestParamScopes } = ctx.oidc
  if (!client || !session || !account) return undefined

  const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId)
  const grant = grantId ? await provider.Grant.find(grantId) : undefined
  if (!client['first_party'] || accounts.find(account.accountId)?.always_ask_consent) return grant

  const given = grant ?? new provider.Grant({ clientId: client.clientId, accountId: account.accountId })
  const asked = [...requestParamScopes].join(' ')
  const claims = [...ctx.oidc.requestParamClaims]
  if (grant && grant.getOIDCScopeFiltered(requestParamScopes) === asked &&
    grant.getOIDCClaimsFiltered(ctx.oidc.requestParamClaims).length === claims.length) return grant
  given.addOIDCScope(asked)
  given.addOIDCClaims(claims)
  await given.save()
  return given
}

/**
 * `at_hash` in every ID token that comes with an access token. oidc-provider leaves it out at the token endpoint, where it
 * is optional; with it a client can see that somebody has put in another access token.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken
 */
function hashAccessTokens (provider: Provider) {
  const { issue } = provider.IdToken.prototype
  provider.IdToken.prototype.issue = function (context) {
    // Of an opaque access token the `jti` is its value. oidc-provider itself hashes what is set here, as `alg` asks.
    const accessToken = this.ctx?.oidc.entities.AccessToken
    if (context.use === 'idtoken' && accessToken?.jti) this.set('at_hash', accessToken.jti)
    return issue.call(this, context)
  }
}

/**
 * Whoever asks for an interaction shows a page of it, and its forms lead to the client whose request it is about. Where that
 * has been removed meanwhile, there is nothing to show.
 */
function allowFormsOfInteractions (provider: Provider, clients: Clients) {
  const { interactionDetails } = provider
  provider.interactionDetails = async (request, response) => {
    const interaction = await interactionDetails.call(provider, request, response)
    const { client_id: clientId, redirect_uri: redirectUri } = interaction.params
    const client = clients.get(String(clientId))
    if (!client) throw new errors.InvalidClient('client is invalid', 'client not found')
    allowForms(response as ServerResponse, redirectUri, client)
    return interaction
  }
}

/** oidc-provider publishes all keys it has, and only these. */
function hideUnpublishedKeys (provider: Provider, keys: SigningKeys) {
  provider.use(async (ctx, next) => {
    await next()
    if (ctx.oidc?.route === 'jwks' && ctx.status === 200) ctx.body = keys.publishedJwks()
  })
}

/**
 * Nothing, and so of no content type: oidc-provider's empty text is refused by clients that look at the type before they look
 * whether there is anything.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7009#section-2.2
 */
function answerRevocations (provider: Provider) {
  provider.use(async (ctx, next) => {
    await next()
    if (ctx.oidc?.route !== 'revocation' || ctx.status !== 200) return
    ctx.body = null
    // Koa takes a body that is nothing for 204.
    ctx.status = 200
  })
}

// The more specific path comes first in a Cookie header, but the names of those of the root would be read too.
function cookieNames (mountPath: string) {
  const suffix = mountPath.split('/').at(-1)
  return { session: `_session.${suffix}`, interaction: `_interaction.${suffix}`, resume: `_interaction_resume.${suffix}` }
}

function logRefusals (provider: Provider, realm: Realm, log: Logger) {
  const refused = (ctx: KoaContextWithOIDC, error: errors.OIDCProviderError) => {
    const client = ctx.oidc.client?.clientId ?? 'a client that is not known'
    log.info(
      `refused ${client} at ${ctx.path}: ${error.error}, ${error.error_detail ?? error.error_description ?? error.message}`)
  }
  provider.on('authorization.error', refused)
  provider.on('pushed_authorization_request.error', refused)
  provider.on('device_authorization.error', refused)
  provider.on('code_verification.error', refused)
  provider.on('device_resume.error', refused)
  provider.on('grant.error', refused)
  provider.on('introspection.error', refused)
  provider.on('revocation.error', refused)
  provider.on('userinfo.error', refused)
  provider.on('end_session.error', refused)
  provider.on('end_session_confirm.error', refused)
  provider.on('registration_create.error', refused)
  provider.on('registration_update.error', refused)
  provider.on('server_error', (_ctx, err) => {
    if (!(err instanceof FaultInstead) && !realm.removed) log.error({ err }, 'the provider failed')
  })
  // Where nobody listens, Koa prints the stack.
  ;(provider as EventEmitter).on('error', (error: Error) => { log.info(`an answer was not sent: ${error.message}`) })
}
