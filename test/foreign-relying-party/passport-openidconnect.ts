// https://github.com/jaredhanson/passport-openidconnect, which knows no PKCE and no keys: for it there are permissive clients.
import express, { type ErrorRequestHandler, type Request } from 'express'
import session from 'express-session'
import passport from 'passport'
import OpenIdConnectStrategy from 'passport-openidconnect'
import { decodeJwt } from 'jose'
import { inThisProcess, type Registration } from './application.ts'
import { takeLogoutTokens } from './back-channel.ts'
import type { RelyingParty } from './trial.ts'

// The library tells what to call it with by the number of its parameters.
const keep = (
  _issuer: string, profile: OpenIdConnectStrategy.Profile, _context: object, idToken: string | object, _accessToken: string | object,
  refreshToken: string, _parameters: unknown, done: OpenIdConnectStrategy.VerifyCallback
) => {
  const { sub, sid } = decodeJwt(String(idToken))
  done(null, { sub, sid, profile, idToken, refreshToken })
}

interface User { sub: string, sid: string, profile: unknown, idToken: string, refreshToken: string }

function buildApplication (registration: Registration): express.Express {
  const { issuer, origin, clientId, clientSecret, username } = registration
  const application = express()
  const signedOut = new Set<string>()
  const strategy = new OpenIdConnectStrategy({
    issuer,
    authorizationURL: `${issuer}/auth`,
    tokenURL: `${issuer}/token`,
    userInfoURL: `${issuer}/me`,
    clientID: clientId,
    clientSecret,
    callbackURL: `${origin}/callback`,
    scope: ['profile', 'email'],
    nonce: 'any',
    skipUserProfile: false,
    loginHint: username
  }, keep)
  const authenticator = new passport.Passport()
  authenticator.use(strategy)
  authenticator.serializeUser((user, done) => { done(null, user) })
  authenticator.deserializeUser((user: Express.User, done) => { done(null, user) })
  const userOf = ({ user }: Request) => user as User | undefined

  application.post('/backchannel-logout', ...takeLogoutTokens(registration, sid => { signedOut.add(sid) }))
  application.use(session({ secret: 'what the application signs its cookies with', resave: false, saveUninitialized: false }))
  application.use(authenticator.session())
  application.get('/', (request, response) => {
    const user = userOf(request)
    response.json(user && !signedOut.has(user.sid) ? { signedIn: true, sub: user.sub } : { signedIn: false })
  })
  application.get('/login', authenticator.authenticate('openidconnect'))
  application.get('/callback', authenticator.authenticate('openidconnect', { successRedirect: '/' }))
  application.get('/userinfo', (request, response) => {
    const { displayName: name, emails, id: sub } = userOf(request)!.profile as { displayName: string, emails: { value: string }[], id: string }
    response.json({ sub, name, email: emails[0]!.value })
  })
  // The library ends with the sign-in.
  application.get('/refresh', async (request, response) => {
    const { refreshToken, sub } = userOf(request)!
    const answer = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken })
    })
    response.status(answer.status).json({ sub })
  })
  application.get('/logout', (request, response, next) => {
    const hint = userOf(request)?.idToken ?? ''
    request.logout(error => {
      if (error) return next(error)
      const parameters = { id_token_hint: hint, post_logout_redirect_uri: `${origin}/`, state: 'state-of-the-sign-out' }
      response.redirect(`${issuer}/session/end?${new URLSearchParams(parameters)}`)
    })
  })
  return application.use(answerErrors)
}

// Express tells a handler of errors by its four parameters.
const answerErrors: ErrorRequestHandler = ({ message }, _request, response, _next) => {
  response.status(500).json({ message })
}

const iss = 'it does not know RFC 9207'
const signature = 'it trusts the connection to the token endpoint, and checks no signature'

export const passportOpenIdConnect = {
  name: 'passport-openidconnect 0.1.2',
  callbackPath: '/callback',
  metadata: { token_endpoint_auth_method: 'client_secret_post', permissive: true },
  meets: ['authorization-response', 'token-endpoint', 'id-token', 'userinfo', 'end-session'],
  hasUserinfoAtSignIn: true,
  otherwise: {
    'authorization-response-invalid-iss': iss,
    'authorization-response-missing-iss': iss,
    'token-endpoint-wrong-content-type': 'it parses whatever comes as JSON',
    'id-token-not-yet-valid': 'it does not look at nbf',
    'id-token-alg-none': signature,
    'id-token-invalid-signature': signature,
    'id-token-invalid-signature-es256': signature,
    'id-token-invalid-signature-hs256': signature,
    'id-token-hs256-with-public-key': signature,
    'id-token-wrong-key': signature,
    'id-token-unknown-kid': signature,
    'id-token-no-kid-several-keys': signature,
    'userinfo-invalid-sub': 'it does not compare sub with that of the ID token'
  },
  endsTheProcess: ['userinfo-not-json'],
  host: t => inThisProcess(t, buildApplication)
} satisfies RelyingParty
