// https://github.com/panva/openid-client/tree/v5.x: what many applications still run on, and one made of it by its README.
import express, { type ErrorRequestHandler } from 'express'
import session, { MemoryStore } from 'express-session'
import { generators, Issuer, TokenSet, type Client, type TokenSetParameters } from 'openid-client-5'
import { inThisProcess, type Registration } from './application.ts'
import { takeLogoutTokens } from './back-channel.ts'
import type { RelyingParty } from './trial.ts'

declare module 'express-session' {
  interface SessionData {
    checks?: { state: string, nonce: string, code_verifier: string }
    tokens?: TokenSetParameters
  }
}

function buildApplication (registration: Registration): express.Express {
  const { issuer, origin, clientId, clientSecret, username } = registration
  const application = express()
  const store = new MemoryStore()
  const signedOut = new Set<string>()
  const redirectUri = `${origin}/callback`
  let found: Client | undefined
  const discover = async () => {
    found ??= new (await Issuer.discover(issuer)).Client({
      client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri], response_types: ['code']
    })
    return found
  }

  application.post('/backchannel-logout', ...takeLogoutTokens(registration, sid => { signedOut.add(sid) }))
  application.use(session({ secret: 'what the application signs its cookies with', store, resave: false, saveUninitialized: false }))
  application.get('/', ({ session: { tokens } }, response) => {
    const claims = tokens && new TokenSet(tokens).claims()
    const signedIn = claims !== undefined && !signedOut.has(String(claims['sid']))
    response.json({ signedIn, ...(signedIn && { sub: claims.sub }) })
  })
  application.get('/login', async (request, response) => {
    const client = await discover()
    const checks = { state: generators.state(), nonce: generators.nonce(), code_verifier: generators.codeVerifier() }
    request.session.checks = checks
    response.redirect(client.authorizationUrl({
      scope: 'openid profile email',
      login_hint: username,
      state: checks.state,
      nonce: checks.nonce,
      code_challenge: generators.codeChallenge(checks.code_verifier),
      code_challenge_method: 'S256'
    }))
  })
  application.get('/callback', async (request, response) => {
    const client = await discover()
    const { checks } = request.session
    delete request.session.checks
    request.session.tokens = await client.callback(redirectUri, client.callbackParams(request), checks)
    response.redirect('/')
  })
  application.get('/userinfo', async ({ session: { tokens } }, response) => {
    const client = await discover()
    response.json(await client.userinfo(new TokenSet(tokens)))
  })
  application.get('/refresh', async (request, response) => {
    const client = await discover()
    const tokens = await client.refresh(new TokenSet(request.session.tokens))
    request.session.tokens = { ...request.session.tokens, ...tokens }
    response.json(tokens.claims())
  })
  application.get('/logout', async (request, response) => {
    const client = await discover()
    const hint = request.session.tokens?.id_token
    request.session.destroy(() => {
      response.redirect(client.endSessionUrl({ ...(hint && { id_token_hint: hint }), post_logout_redirect_uri: `${origin}/`, state: generators.state() }))
    })
  })
  // Express tells a handler of errors by its four parameters.
  const answerErrors: ErrorRequestHandler = ({ message, error }, _request, response, _next) => {
    // What was found may be wrong: the library keeps metadata and keys as they came.
    found = undefined
    response.status(500).json({ error, message })
  }
  return application.use(answerErrors)
}

const throttle = 'it asks for keys at most once a minute'

export const openIdClient5 = {
  name: 'openid-client 5.7.1',
  callbackPath: '/callback',
  meets: ['discovery', 'authorization-response', 'token-endpoint', 'id-token', 'jwks', 'refresh', 'userinfo', 'end-session'],
  otherwise: {
    'token-endpoint-wrong-content-type': 'it parses whatever comes as JSON',
    'jwks-unparsable-key': 'an RSA key without modulus spoils the whole set',
    'jwks-rotated-before-signing': throttle,
    'jwks-rotated-between-sign-ins': throttle
  },
  host: t => inThisProcess(t, buildApplication)
} satisfies RelyingParty
