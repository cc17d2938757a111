// express-openid-connect on Express as its README and examples set it up, with what our relying party does besides: client
// authentication by Basic, the signature of the ID token checked, and the person's claims fetched and kept at the sign-in.
import express, { type ErrorRequestHandler } from 'express'
import openIdConnect, { type ConfigParams, type Session } from 'express-openid-connect'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const { auth, requiresAuth } = openIdConnect
const { PORT, ISSUER, APP_URL, CLIENT_ID, CLIENT_SECRET, SCOPE, COOKIE_SECRET, SESSIONS } = process.env as Record<string, string>

type Store = NonNullable<NonNullable<ConfigParams['session']>['store']>
type Stored = Parameters<Store['set']>[1]

/** What an express-session store is to the library, at its quickest: in memory. */
function memoryStore (): Store {
  const sessions = new Map<string, Stored>()
  return {
    get: (id, callback) => callback(null, sessions.get(id)),
    set (id, session, callback) {
      sessions.set(id, session)
      callback?.()
    },
    destroy (id, callback) {
      sessions.delete(id)
      callback?.()
    }
  }
}

const session = { store: memoryStore(), signSessionStoreCookie: true, requireSignedSessionStoreCookie: true }
const keys = createRemoteJWKSet(new URL(`${ISSUER}/jwks`))
const application = express()
application.set('trust proxy', 1)
application.disable('x-powered-by')
application.use(auth({
  issuerBaseURL: ISSUER!,
  baseURL: APP_URL!,
  clientID: CLIENT_ID!,
  clientSecret: CLIENT_SECRET!,
  clientAuthMethod: 'client_secret_basic',
  secret: COOKIE_SECRET!,
  authorizationParams: { response_type: 'code', scope: SCOPE! },
  authRequired: false,
  idpLogout: true,
  enableTelemetry: false,
  ...(SESSIONS === 'store' && { session }),
  async afterCallback (request, _response, session) {
    await jwtVerify(session.id_token, keys, { algorithms: ['RS256'] })
    const userProfile = await request.oidc.fetchUserInfo()
    return { ...session, userProfile }
  }
}))
application.get('/session', requiresAuth(), (request, response) => {
  // Not `oidc.user`, which has the claims of the ID token alone, and costs more.
  const { userProfile } = (request as unknown as { appSession: Session }).appSession
  response.set('cache-control', 'no-store').json({ authenticated: true, user: userProfile })
})
// Express tells a handler of errors by its four parameters.
const answerErrors: ErrorRequestHandler = ({ status = 500, message }, _request, response, _next) => {
  response.status(status).json({ error: message })
}
application.use(answerErrors)
application.listen(Number(PORT), '127.0.0.1')
