import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/**
 * An OpenID Provider that looks at nothing and gets everything wrong that the probes look for, but for what a client needs
 * to come to its tokens at all.
 *
 * @param issuer its URL
 * @param redirectUri where it sends browsers when the request does not say
 */
export async function carelessProvider (issuer: string, redirectUri: string): Promise<RequestListener> {
  const [published, used] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')]
  const jwk = await exportJWK(published.publicKey)

  async function tokens (sub: string) {
    const claims = { iss: issuer, aud: 'client', sub, at_hash: 'no-hash', sid: 5 }
    const idToken = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256' }).setIssuedAt().setExpirationTime('1h').sign(used.privateKey)
    return { access_token: 'the-token', token_type: 'Bearer', id_token: idToken }
  }

  function authorize (request: IncomingMessage, response: ServerResponse, parameters: URLSearchParams, form: URLSearchParams) {
    const login = form.get('login') ?? request.headers.cookie?.split('=')[1] ?? 'somebody'
    const isKnown = request.headers.cookie !== undefined || parameters.get('prompt') === 'none'
    if (request.method === 'GET' && !isKnown) {
      response.setHeader('content-type', 'text/html')
      response.end('<form method="post"><input name="login"><input type="password" name="password"></form>')
      return
    }
    const back = new URL(parameters.get('redirect_uri') ?? redirectUri)
    if (parameters.get('scope')?.includes('profile')) back.searchParams.set('error', 'invalid_scope')
    else if (parameters.get('response_type') === 'token') back.hash = 'access_token=the-token'
    else back.searchParams.set('code', login)
    response.writeHead(307, { location: back.href, 'set-cookie': `known=${login}` }).end()
  }

  type Answer = (request: IncomingMessage, response: ServerResponse, parameters: URLSearchParams, form: URLSearchParams) => unknown
  const answers: Record<string, Answer> = {
    '/.well-known/openid-configuration': (_request, response) => json(response, {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      end_session_endpoint: `${issuer}/end-session`,
      jwks_uri: `${issuer}/jwks`
    }),
    '/jwks': (_request, response) => json(response, { keys: [{ ...jwk, alg: 'RS256', use: 'sig' }] }),
    '/authorize': authorize,
    '/token': async (_request, response, parameters, form) =>
      json(response, await tokens(form.get('code') ?? parameters.get('code') ?? 'somebody')),
    '/userinfo': (_request, response) => json(response, { sub: 'somebody' }),
    '/end-session': (_request, response, parameters) =>
      response.writeHead(302, { location: parameters.get('post_logout_redirect_uri') ?? issuer }).end()
  }

  return async (request, response) => {
    const form = new URLSearchParams(await text(request))
    response.setHeader('access-control-allow-origin', '*')
    const { pathname, searchParams } = new URL(request.url ?? '/', issuer)
    const answer = answers[pathname]
    return answer ? answer(request, response, searchParams, form) : response.writeHead(404).end()
  }
}

function json (response: ServerResponse, body: object) {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
}
