// https://github.com/auth0/express-openid-connect
import express, { type ErrorRequestHandler } from 'express'
import openIdConnect, { type ConfigParams } from 'express-openid-connect'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { inThisProcess, type Registration } from './application.ts'
import type { RelyingParty } from './trial.ts'

const { auth, requiresAuth } = openIdConnect

type LogoutStore = NonNullable<Exclude<ConfigParams['backchannelLogout'], boolean | undefined>['store']>

/** @param options.checksMore whether the application looks after what the library leaves to it */
function buildApplication (
  { issuer, origin, clientId, clientSecret, username }: Registration, { checksMore }: { checksMore: boolean }
): express.Express {
  const application = express()
  application.use(auth({
    issuerBaseURL: issuer,
    baseURL: origin,
    clientID: clientId,
    clientSecret,
    clientAuthMethod: 'client_secret_basic',
    secret: 'what the application signs and encrypts its cookies with',
    authorizationParams: { response_type: 'code', scope: 'openid profile email', login_hint: username },
    routes: { postLogoutRedirect: `${origin}/` },
    authRequired: false,
    errorOnRequiredAuth: true,
    idpLogout: true,
    logoutParams: { state: 'state-of-the-sign-out' },
    backchannelLogout: { store: logoutStore() },
    enableTelemetry: false,
    ...(checksMore && { afterCallback: checkMore(issuer, clientId) })
  }))
  application.get('/', ({ oidc }, response) => {
    response.json({ signedIn: oidc.isAuthenticated(), sub: oidc.user?.['sub'] })
  })
  application.get('/userinfo', requiresAuth(), async ({ oidc }, response) => { response.json(await oidc.fetchUserInfo()) })
  application.get('/refresh', requiresAuth(), async ({ oidc }, response) => {
    await oidc.accessToken!.refresh()
    response.json(oidc.user)
  })
  return application.use(answerErrors)
}

/** Where the library remembers who was signed out by a logout token. */
function logoutStore (): LogoutStore {
  const entries = new Map<string, Parameters<LogoutStore['set']>[1]>()
  return {
    get: (id, done) => done(null, entries.get(id)),
    set (id, entry, done) {
      entries.set(id, entry)
      done?.()
    },
    destroy (id, done) {
      entries.delete(id)
      done?.()
    }
  }
}

/**
 * The library trusts the connection for an ID token that comes from the token endpoint, as it may where that is TLS. Its
 * hook `afterCallback` is for applications that want to know more.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
 */
function checkMore (issuer: string, clientId: string): NonNullable<ConfigParams['afterCallback']> {
  // By default jose asks for keys at most every 30 seconds, and a test rotates them sooner.
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`), { cooldownDuration: 0 })
  return async (_request, _response, session) => {
    const { payload } = await jwtVerify(session.id_token, keys, { algorithms: ['RS256'] })
    if (payload['azp'] !== undefined && payload['azp'] !== clientId) throw new Error('"azp" is another client')
    return session
  }
}

// Express tells a handler of errors by its four parameters.
const answerErrors: ErrorRequestHandler = ({ status = 500, message, error }, _request, response, _next) => {
  response.status(status).json({ error, message })
}

const signature = 'it trusts the connection to the token endpoint, and checks no signature'
const azp = 'it looks at azp only when there are several audiences'

export const expressOpenIdConnect = {
  name: 'express-openid-connect 3.4.0',
  callbackPath: '/callback',
  meets: ['discovery', 'authorization-response', 'token-endpoint', 'id-token', 'refresh', 'userinfo', 'logout-token', 'end-session'],
  otherwise: {
    'discovery-missing-field': 'it needs no jwks_uri, since it checks no signature',
    'token-endpoint-wrong-content-type': 'it looks at the content type only when the body is not JSON',
    'id-token-invalid-azp': azp,
    'id-token-invalid-signature': signature,
    'id-token-wrong-key': signature,
    'id-token-unknown-kid': signature,
    'id-token-no-kid-several-keys': signature,
    'refresh-invalid-sub': 'it does not compare sub with the one of the sign-in',
    'refresh-invalid-azp': azp,
    'logout-token-replayed': 'it does not remember the jti of logout tokens'
  },
  host: t => inThisProcess(t, registration => buildApplication(registration, { checksMore: false }))
} satisfies RelyingParty

/** What the library leaves to the application, by its hook for that. */
export const expressOpenIdConnectWithChecks = {
  name: 'express-openid-connect 3.4.0 with the application\'s own checks',
  callbackPath: '/callback',
  meets: ['id-token', 'jwks'],
  otherwise: {},
  // For a key that it does not know it asks once more.
  options: { 'jwks-empty': { count: 2 } },
  host: t => inThisProcess(t, registration => buildApplication(registration, { checksMore: true }))
} satisfies RelyingParty
