import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler } from 'express'
import openIdConnect, { type ConfigParams } from 'express-openid-connect'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import type { Test } from 'tap'
import type { LabClient } from '../../services/idp/lab-client.ts'
import { ScriptlessBrowser, type Page } from '../helpers/browser.ts'
import type { Idp } from '../idp/helper.ts'

const { auth, requiresAuth } = openIdConnect

const clientId = 'express'
const clientSecret = 'lab-only-secret-of-express'
const username = 'ada'

/** What `/` of the application says of the session in which it is asked; `sub` and `iss` are of its ID token. */
interface Session {
  signedIn: boolean
  sub?: string
  iss?: string
  aud?: string
  azp?: string
}

/** An application on express-openid-connect, whose issuer is a realm of its own. */
export interface Application {
  readonly origin: string
  readonly clientId: string
  /** the control API of its issuer */
  readonly lab: LabClient
  /** statuses with which it has answered logout tokens, oldest first */
  readonly logoutAnswers: readonly number[]
  /** another browser, in which nobody is signed in */
  newBrowser (): ScriptlessBrowser
  /** have a browser go to the application's sign-in and wherever that leads */
  signIn (browser: ScriptlessBrowser): Promise<Page>
  session (browser: ScriptlessBrowser): Promise<Session>
}

/**
 * Start an application, register it as a client and add a user, who signs in without a page. All of it ends with the test.
 *
 * @param options.checksMore whether the application looks after what the library leaves to it
 */
export async function startApplication (t: Test, idp: Idp, realm: string, { checksMore = false } = {}): Promise<Application> {
  const { lab: control, issuer } = await idp.realm(realm, { users: [], clients: [] })
  t.teardown(() => idp.lab.realms.remove(realm))

  const application = express()
  const server = createServer(application).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const origin = `http://app.localhost:${(server.address() as AddressInfo).port}`

  await register(control, origin)
  const logoutAnswers: number[] = []
  application.post('/backchannel-logout', (_request, response, next) => {
    response.on('finish', () => { logoutAnswers.push(response.statusCode) })
    next()
  })
  addRoutes(application, {
    ...configurationOf(issuer, origin),
    ...(checksMore && { afterCallback: checkMore(issuer) })
  })

  return {
    origin,
    clientId,
    lab: control,
    logoutAnswers,
    newBrowser: () => new ScriptlessBrowser(),
    signIn: browser => browser.open(`${origin}/login`),
    session: async browser => (await browser.open(origin)).json()
  }
}

async function register ({ users, clients }: LabClient, origin: string): Promise<void> {
  const claims = { name: 'Ada Lovelace', email: 'ada@example.com', email_verified: true }
  await users.put(username, { sign_in_by_hint: true, claims })
  await clients.put(clientId, {
    client_name: 'Express',
    client_uri: origin,
    client_secret: clientSecret,
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [`${origin}/callback`],
    post_logout_redirect_uris: [origin],
    backchannel_logout_uri: `${origin}/backchannel-logout`,
    scope: 'openid profile email',
    first_party: true,
    refresh_token_with_session: true
  })
}

function configurationOf (issuer: string, origin: string): ConfigParams {
  return {
    issuerBaseURL: issuer,
    baseURL: origin,
    clientID: clientId,
    clientSecret,
    clientAuthMethod: 'client_secret_basic',
    secret: 'what the application signs and encrypts its cookies with',
    authorizationParams: { response_type: 'code', scope: 'openid profile email', login_hint: username },
    authRequired: false,
    errorOnRequiredAuth: true,
    idpLogout: true,
    logoutParams: { state: 'state-of-the-sign-out' },
    backchannelLogout: { store: logoutStore() },
    enableTelemetry: false
  }
}

type LogoutStore = NonNullable<Exclude<ConfigParams['backchannelLogout'], boolean | undefined>['store']>

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
function checkMore (issuer: string): NonNullable<ConfigParams['afterCallback']> {
  // By default jose asks for keys at most every 30 seconds, and a test rotates them sooner.
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`), { cooldownDuration: 0 })
  return async (_request, _response, session) => {
    const { payload } = await jwtVerify(session.id_token, keys, { algorithms: ['RS256'] })
    if (payload['azp'] !== undefined && payload['azp'] !== clientId) throw new Error('"azp" is another client')
    return session
  }
}

function addRoutes (application: express.Express, configuration: ConfigParams): void {
  application.use(auth(configuration))
  application.get('/', ({ oidc }, response) => {
    const { sub, iss, aud, azp } = oidc.idTokenClaims ?? {}
    response.json({ signedIn: oidc.isAuthenticated(), sub, iss, aud, azp })
  })
  application.get('/profile', requiresAuth(), ({ oidc }, response) => { response.json(oidc.user) })
  application.get('/userinfo', requiresAuth(), async ({ oidc }, response) => { response.json(await oidc.fetchUserInfo()) })
  application.get('/refresh', requiresAuth(), async ({ oidc }, response) => {
    await oidc.accessToken!.refresh()
    response.json(oidc.user)
  })
  application.use(answerErrors)
}

// Express tells a handler of errors by its four parameters.
const answerErrors: ErrorRequestHandler = ({ status = 500, message, error }, _request, response, _next) => {
  response.status(status).json({ error, message })
}
