import { Provider, type Configuration, type ErrorOut, type errors, type KoaContextWithOIDC } from 'oidc-provider'
import type { Logger } from '#lib/http-server.ts'
import type { Store } from '#lib/store.ts'
import { storeAdapter } from './adapter.ts'
import type { RegisteredClient } from './clients.ts'
import type { Keys } from './keys.ts'
import { explainRefusals } from './refusals.ts'
import type { Accounts, User } from './users.ts'

const minutes = 60
const hours = 60 * minutes
const days = 24 * hours

/** The pages that the provider shows itself, each rendered to HTML. */
export interface ProviderPages {
  error (out: ErrorOut): Promise<string>
  /** @param xsrf value of the field `xsrf` of the form that is posted to `/session/end/confirm` */
  logout (clientName: string | undefined, xsrf: string): Promise<string>
  loggedOut (): Promise<string>
  /**
   * A page that goes on to `/session/end/confirm` by a click.
   *
   * @param why nobody was signed in any more; or somebody else was, and has to be signed out for the one who signs in
   */
  goOn (why: 'nobody signed in' | 'somebody else signed in', xsrf: string): Promise<string>
}

/** The OpenID Provider: strict, and with none of oidc-provider's development defaults. */
export function createProvider (options: {
  issuer: string
  clients: RegisteredClient[]
  accounts: Accounts
  keys: Keys
  store: Store
  pages: ProviderPages
  log: Logger
}): Provider {
  const { accounts, clients, keys, pages, log } = options

  const configuration: Configuration = {
    adapter: storeAdapter(options.store),
    clients,
    jwks: keys.jwks,
    cookies: {
      keys: keys.cookieKeys,
      long: { signed: true, httpOnly: true, sameSite: 'lax', path: '/' },
      short: { signed: true, httpOnly: true, sameSite: 'lax' }
    },

    responseTypes: ['code'],
    subjectTypes: ['public'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
    enabledJWA: { idTokenSigningAlgValues: ['RS256'] },
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    clientBasedCORS: () => false,
    clientDefaults: { grant_types: ['authorization_code'], response_types: ['code'], id_token_signed_response_alg: 'RS256' },
    extraClientMetadata: { properties: ['first_party', 'id_token_claims', 'refresh_token_with_session'] },

    scopes: ['openid', 'offline_access'],
    claims: {
      // auth_time and amr belong to every sign-in, whether or not the request asked for them.
      openid: ['sub', 'auth_time', 'amr'],
      profile: [
        'name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture',
        'website', 'gender', 'birthdate', 'zoneinfo', 'locale', 'updated_at'
      ],
      email: ['email', 'email_verified'],
      phone: ['phone_number', 'phone_number_verified'],
      address: ['address'],
      sid: null,
      acr: null,
      iss: null
    },
    // Whether a claim of a scope stands in the ID token is a matter of the client: see `claimsOf`.
    conformIdTokenClaims: false,
    findAccount: async (ctx, sub) => {
      const user = accounts.find(sub)
      return user && { accountId: sub, claims: async use => claimsOf(user, use, ctx) }
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
      Interaction: 1 * hours,
      Session: 8 * hours,
      Grant: 14 * days
    },

    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      claimsParameter: { enabled: true },
      userinfo: { enabled: true },
      resourceIndicators: { enabled: false },
      introspection: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: async ctx => {
          ctx.body = await pages.logout(ctx.oidc.client?.clientName, String(ctx.oidc.session?.state?.['secret']))
        },
        postLogoutSuccessSource: async ctx => { ctx.body = await pages.loggedOut() }
      }
    },
    renderError: async (ctx, out) => {
      ctx.type = 'html'
      ctx.body = await pages.error(out)
    }
  }

  const provider = new Provider(options.issuer, configuration)

  // `sid` in every ID token, not only for clients that registered a logout URI for it.
  // https://openid.net/specs/openid-connect-backchannel-1_0.html#OPLogout
  Object.defineProperty(provider.Client.prototype, 'includeSid', { value: () => true })

  // `routes/protocol.ts` says in these headers under which URL the world sees this provider.
  provider.proxy = true

  replaceSelfSubmittingForms(provider, pages)
  explainRefusals(provider, options.store)
  logRefusals(provider, log)
  return provider
}

/** The claims of a user, as far as scopes allow: at the userinfo endpoint all, in an ID token those the client is to find there. */
function claimsOf (user: User, use: string, ctx: KoaContextWithOIDC) {
  const all: Record<string, unknown> = { sub: user.sub, ...user.claims }
  if (use !== 'id_token') return { ...all, sub: user.sub }
  const inIdToken = ctx.oidc.client?.['id_token_claims'] as string[] | undefined ?? []
  return { ...Object.fromEntries(inIdToken.map(name => [name, all[name]])), sub: user.sub }
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
  if (grant && grant.getOIDCScopeFiltered(requestParamScopes) === asked) return grant
  given.addOIDCScope(asked)
  given.addOIDCClaims([...ctx.oidc.requestParamClaims])
  await given.save()
  return given
}

/**
 * Two of oidc-provider's answers are forms that a script in them submits. Here a person does, as no page has a script.
 */
function replaceSelfSubmittingForms (provider: Provider, pages: ProviderPages) {
  provider.use(async (ctx, next) => {
    await next()
    const { route, session } = ctx.oidc ?? {}
    if (ctx.status !== 200 || !ctx.response.is('html')) return
    const xsrf = String(session?.state?.['secret'])
    if (route === 'end_session' && !session?.accountId) ctx.body = await pages.goOn('nobody signed in', xsrf)
    if (route === 'resume') ctx.body = await pages.goOn('somebody else signed in', xsrf)
  })
}

function logRefusals (provider: Provider, log: Logger) {
  const refused = (ctx: KoaContextWithOIDC, error: errors.OIDCProviderError) => {
    const client = ctx.oidc.client?.clientId ?? 'a client that is not known'
    log.info(`refused ${client} at ${ctx.path}: ${error.error}, ${error.error_detail ?? error.error_description ?? error.message}`)
  }
  provider.on('authorization.error', refused)
  provider.on('grant.error', refused)
  provider.on('introspection.error', refused)
  provider.on('revocation.error', refused)
  provider.on('userinfo.error', refused)
  provider.on('end_session.error', refused)
  provider.on('server_error', (_ctx, err) => log.error({ err }, 'the provider failed'))
}
