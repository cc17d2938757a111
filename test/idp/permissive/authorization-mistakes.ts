import type { RegisteredClient } from '../../../services/idp/clients/registered-clients.ts'
import { codeVerifier } from '../helper.ts'
import { elsewhere, signIn, type Mistake, type Parameters } from './mistake.ts'

/** Push the parameters to the provider before, and ask for a code with the reference to them. */
const push = (
  asked: Parameters, method?: RegisteredClient['token_endpoint_auth_method']
): Mistake['make'] => async (idp, client) => {
  await idp.lab.clients.patch(client.client_id, { pushed_authorization_requests: 'allowed' })
  const parameters = new URL(idp.authorizationRequest(client, asked), idp.config.issuer).searchParams
  const pushed = await idp.post('/request', client, Object.fromEntries(parameters), method)
  if (pushed.statusCode !== 201) return { refusal: pushed.json().error }
  const none = Object.fromEntries([...parameters.keys()].map(name => [name, undefined]))
  return await signIn({ ...none, client_id: client.client_id, request_uri: pushed.json().request_uri })(idp, client, client)
}

/** What a client can do wrong in an authorization request. */
export const authorizationMistakes: Mistake[] = [
  {
    rule: 'redirect-uri-not-registered',
    section: 'rfc6749#section-3.1.2.3',
    doing: 'asks for the code at a URI that it has not registered',
    endpoint: 'authorization',
    refusal: 'a page with status 400',
    make: signIn({ redirect_uri: elsewhere }, { redirect_uri: elsewhere })
  },
  {
    rule: 'scope-not-registered',
    section: 'rfc6749#section-3.3',
    doing: 'asks for a scope that it is not registered for',
    endpoint: 'authorization',
    refusal: 'invalid_scope',
    make: signIn({ scope: 'openid phone' })
  },
  {
    rule: 'openid-scope-missing',
    section: 'openid-connect-core-1_0.html#AuthRequest',
    doing: 'sends a nonce and leaves out the scope openid',
    endpoint: 'authorization',
    refusal: 'invalid_request',
    make: signIn({ scope: 'profile' })
  },
  {
    rule: 'openid-scope-missing',
    section: 'openid-connect-core-1_0.html#AuthRequest',
    doing: 'leaves out the scope',
    endpoint: 'authorization',
    refusal: 'invalid_request',
    make: signIn({ scope: undefined })
  },
  {
    rule: 'pkce-missing',
    section: 'rfc7636#section-4.4.1',
    doing: 'does without PKCE',
    endpoint: 'authorization',
    refusal: 'invalid_request',
    make: signIn({ code_challenge: undefined, code_challenge_method: undefined }, { code_verifier: undefined })
  },
  {
    rule: 'pkce-plain',
    section: 'rfc7636#section-4.2',
    doing: 'uses PKCE with the method plain',
    endpoint: 'authorization',
    refusal: 'invalid_request',
    make: signIn({ code_challenge: codeVerifier, code_challenge_method: 'plain' })
  },
  {
    rule: 'pkce-plain',
    section: 'rfc7636#section-4.2',
    doing: 'uses PKCE and names no method, which means plain',
    endpoint: 'authorization',
    refusal: 'invalid_request',
    make: signIn({ code_challenge: codeVerifier, code_challenge_method: undefined })
  },
  {
    rule: 'pkce-plain',
    section: 'rfc7636#section-4.2',
    doing: 'pushes an authorization request with the method plain',
    endpoint: 'pushed_authorization_request',
    refusal: 'invalid_request',
    make: push({ code_challenge: codeVerifier, code_challenge_method: 'plain' })
  },
  {
    rule: 'client-authentication-missing',
    section: 'rfc6749#section-3.2.1',
    doing: 'pushes an authorization request and does not authenticate',
    endpoint: 'pushed_authorization_request',
    refusal: 'invalid_client',
    make: push({}, 'none')
  },
  {
    rule: 'prompt-none-without-session',
    section: 'openid-connect-core-1_0.html#AuthRequest',
    doing: 'asks with prompt=none where nobody is signed in',
    endpoint: 'authorization',
    refusal: 'login_required',
    make: signIn({ prompt: 'none' })
  }
]
