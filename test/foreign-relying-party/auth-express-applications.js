// A program of its own, since the library's types bring those of browsers into whatever imports it.
import { createServer } from 'node:http'
import { ExpressAuth, getSession } from '@auth/express'
import express from 'express'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { env } from 'node:process'

/** Applications by host name. */
const applications = new Map()

function buildApplication (host) {
  const issuer = `${env.ISSUERS}${host.split('.')[0]}`
  const origin = `http://${host}`
  const application = express()
  const signedOut = new Set()
  // The library's session is a cookie that it encrypts; what is put into it here comes back in `session`.
  const config = {
    providers: [{
      id: 'lab',
      name: 'the lab',
      type: 'oidc',
      issuer,
      clientId: env.CLIENT_ID,
      clientSecret: env.CLIENT_SECRET,
      checks: ['pkce', 'state', 'nonce'],
      authorization: { params: { scope: 'openid profile email', login_hint: env.USERNAME } }
    }],
    secret: 'what the application signs and encrypts its cookies with',
    trustHost: true,
    logger: { error () {}, warn () {}, debug () {} },
    callbacks: {
      jwt: ({ token, account, profile }) => account ? { ...token, account, sub: profile.sub, sid: profile.sid } : token,
      session: ({ session, token }) => ({ ...session, ...token })
    }
  }
  const sessionOf = async request => {
    const session = await getSession(request, config)
    return session && !signedOut.has(session.sid) ? session : undefined
  }

  application.post('/backchannel-logout', express.urlencoded({ extended: false }), async ({ body }, response) => {
    const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))
    const { payload } = await jwtVerify(body.logout_token, keys, { issuer, audience: env.CLIENT_ID, algorithms: ['RS256'] })
    signedOut.add(payload.sid)
    response.sendStatus(204)
  })
  // The library takes what stands before an unnamed part of the route for its own path.
  application.use(/^\/auth\/(.*)/, ExpressAuth(config))
  application.get('/', async (request, response) => {
    const session = await sessionOf(request)
    response.json({ signedIn: session !== undefined, sub: session?.sub })
  })
  application.get('/userinfo', async (request, response) => {
    const { account } = await sessionOf(request)
    const answer = await fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${account.access_token}` } })
    response.status(answer.status).json(await answer.json())
  })
  // As the library's guide has it: by the application itself.
  application.get('/refresh', async (request, response) => {
    const { account, sub } = await sessionOf(request)
    const answer = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${env.CLIENT_ID}:${env.CLIENT_SECRET}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: account.refresh_token })
    })
    response.status(answer.status).json({ sub })
  })
  application.get('/logout', async (request, response) => {
    const { account } = await sessionOf(request)
    response.clearCookie('authjs.session-token')
    response.redirect(`${issuer}/session/end?${new URLSearchParams({
      id_token_hint: account.id_token, post_logout_redirect_uri: `${origin}/`, state: 'state-of-the-sign-out'
    })}`)
  })
  // Express tells a handler of errors by its four parameters.
  application.use(({ message }, _request, response, _next) => { response.status(500).json({ message }) })
  return application
}

const server = createServer((request, response) => {
  const { host } = request.headers
  if (request.url === '/restart') applications.delete(host)
  if (!applications.has(host)) applications.set(host, buildApplication(host))
  applications.get(host)(request, response)
})
server.listen(0, '127.0.0.1', () => { console.log(server.address().port) })
