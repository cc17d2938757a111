import { randomUUID } from 'node:crypto'
import { all, no, notApplicable, refusedRequest, refusedWithPage, yes, type Outcome, type Probe } from '../probe.ts'
import { unregisteredUri, type AuthorizationResponse, type Changes, type ProbingClient } from '../client/probing-client.ts'

const send = (client: ProbingClient, changes: Changes) => client.authorize(client.authorizationRequest(changes).url)

/** What a browser brings back in which nobody is signed in. */
async function askSilently (client: ProbingClient) {
  const request = client.authorizationRequest({ prompt: 'none' })
  return { request, ...await client.authorize(request.url, client.newBrowser()) }
}

type Returned = { parameters: URLSearchParams, seen?: never } | { parameters?: never, seen: string }

/** What came back to the client, if it is what it should be: a code, or an error. */
function returned (what: 'code' | 'error', { redirect }: AuthorizationResponse): Returned {
  if (!redirect) return { seen: 'no redirect' }
  const { parameters } = redirect
  if (parameters.get(what)) return { parameters }
  return { seen: `${parameters.has('code') ? 'a code' : parameters.get('error') ?? 'neither code nor error'} in place of ${what === 'code' ? 'a code' : 'an error'}` }
}

export const unregisteredRedirectUri: Probe = {
  name: 'unregistered redirect_uri refused',
  sends: `an authorization request with redirect_uri=${unregisteredUri}, by a user who is signed in`,
  demand: 'Shows an error itself, and sends the browser nowhere: neither a code nor an error may go to an unproven address.',
  specification: 'https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1',
  run: async client => refusedWithPage(await send(client, { redirect_uri: unregisteredUri }))
}

export const unknownClient: Probe = {
  name: 'unknown client_id refused',
  sends: 'an authorization request with a client_id that nobody registered',
  demand: 'Shows an error itself, and does not redirect: without a client, no redirect_uri is proven.',
  specification: 'https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1',
  run: async client => refusedWithPage(await send(client, { client_id: randomUUID() }))
}

export const promptNone: Probe = {
  name: 'prompt=none without a session: login_required',
  sends: 'an authorization request with prompt=none, in a browser without cookies',
  demand: 'Redirects with error=login_required: it must neither show a page nor sign anybody in.',
  specification: 'https://openid.net/specs/openid-connect-core-1_0.html#AuthError',
  async run (client) {
    const { redirect, page } = await askSilently(client)
    if (!redirect) return no(`page of the provider, ${page.status}`)
    const error = redirect.parameters.get('error')
    if (error === 'login_required') return yes('login_required')
    return no(redirect.parameters.has('code') ? 'code issued' : `redirect with ${error ?? 'neither code nor error'}`)
  }
}

export const issParameter: Probe = {
  name: 'iss in the authorization response',
  sends: 'an authorization request that succeeds, and one that fails',
  demand: 'Names itself in iss, exactly as in its metadata, so that a client of several providers sees which one answered.',
  specification: 'https://www.rfc-editor.org/rfc/rfc9207#section-2',
  async run (client) {
    const compare = (iss: string | null | undefined): Outcome => {
      if (!iss) return no('no iss')
      return iss === client.metadata.issuer ? yes('the issuer') : no(`iss is ${iss}`)
    }
    const success = returned('code', await send(client, {}))
    const failure = returned('error', await askSilently(client))
    return all({
      success: success.parameters ? compare(success.parameters.get('iss')) : no(success.seen),
      error: failure.parameters ? compare(failure.parameters.get('iss')) : no(failure.seen)
    })
  }
}

export const withoutPkce: Probe = {
  name: 'request without PKCE refused by default',
  sends: 'an authorization request without code_challenge',
  demand: 'Answers invalid_request. OAuth 2.1 asks PKCE of every client; RFC 9700 of public ones, and advises it for the rest.',
  specification: 'https://www.rfc-editor.org/rfc/rfc9700#section-2.1.1',
  run: async client => refusedRequest(await send(client, { code_challenge: undefined, code_challenge_method: undefined }))
}

export const similarRedirectUri: Probe = {
  name: 'redirect_uri compared as a whole',
  sends: 'authorization requests whose redirect_uri is the registered one with more in its path, and with a query',
  demand: 'Refuses both on a page of its own: a redirect URI is compared as a string, not by how it begins.',
  specification: 'https://www.rfc-editor.org/rfc/rfc9700#section-2.1',
  async run (client) {
    const { redirectUri } = client.identity
    const separator = redirectUri.includes('?') ? '&' : '?'
    return all({
      'longer path': refusedWithPage(await send(client, { redirect_uri: `${redirectUri}/more` })),
      'longer query': refusedWithPage(await send(client, { redirect_uri: `${redirectUri}${separator}more=1` }))
    })
  }
}

export const withoutRedirectUri: Probe = {
  name: 'request without redirect_uri refused',
  sends: 'an authorization request without redirect_uri',
  demand: 'Refuses it: OpenID Connect requires the parameter, also of a client with one registered address.',
  specification: 'https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest',
  run: async client => refusedRequest(await send(client, { redirect_uri: undefined }))
}

export const withoutResponseType: Probe = {
  name: 'request without response_type refused',
  sends: 'an authorization request without response_type',
  demand: 'Answers invalid_request, as for every required parameter that is missing.',
  specification: 'https://www.rfc-editor.org/rfc/rfc6749#section-3.1.1',
  run: async client => refusedRequest(await send(client, { response_type: undefined }))
}

export const implicitFlow: Probe = {
  name: 'response_type=token refused',
  sends: 'an authorization request with response_type=token',
  demand: 'Issues no access token in a URL: the implicit grant is not to be used any more.',
  specification: 'https://www.rfc-editor.org/rfc/rfc9700#section-2.1.2',
  run: async client => refusedRequest(await send(client, { response_type: 'token' }))
}

export const plainPkce: Probe = {
  name: 'PKCE method plain refused',
  sends: 'authorization requests whose code_challenge is the code_verifier: with code_challenge_method=plain, and with none',
  demand: 'Refuses both: who reads the request can redeem the code. S256 is the one method that hides the code_verifier.',
  specification: 'https://www.rfc-editor.org/rfc/rfc9700#section-2.1.1',
  async run (client) {
    const challenge = 'a-code-verifier-that-everybody-can-read-in-the-request'
    return all({
      plain: refusedRequest(await send(client, { code_challenge: challenge, code_challenge_method: 'plain' })),
      'no method': refusedRequest(await send(client, { code_challenge: challenge, code_challenge_method: undefined }))
    })
  }
}

export const parameterTwice: Probe = {
  name: 'parameter sent twice refused (authorization endpoint)',
  sends: 'an authorization request with two different values of scope',
  demand: 'Answers invalid_request: a parameter comes once, or two parties read different requests.',
  specification: 'https://www.rfc-editor.org/rfc/rfc6749#section-3.1',
  run: async client => refusedRequest(await send(client, { scope: ['openid', 'openid profile'] }))
}

export const stateReturned: Probe = {
  name: 'state returned with success and with an error',
  sends: 'an authorization request that succeeds, and one that fails',
  demand: 'Returns the very value that the client sent, once, whatever the answer is.',
  specification: 'https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1',
  async run (client) {
    const compare = (sent: string, { parameters, seen }: Returned): Outcome => {
      if (!parameters) return no(seen)
      const states = parameters.getAll('state')
      return states.length === 1 && states[0] === sent ? yes('as sent') : no(states.length === 0 ? 'no state' : 'another state')
    }
    const request = client.authorizationRequest()
    const success = await client.authorize(request.url)
    const failure = await askSilently(client)
    return all({
      success: compare(request.state, returned('code', success)),
      error: compare(failure.request.state, returned('error', failure))
    })
  }
}

export const noCors: Probe = {
  name: 'no CORS at the authorization endpoint',
  sends: 'a right authorization request as a script would send it, of another site and of the client\'s own',
  demand: 'Sends no Access-Control-Allow-Origin with its answer: browsers are sent there, scripts have no business with it.',
  specification: 'https://www.rfc-editor.org/rfc/rfc9700#section-2.6',
  async run (client) {
    const ask = async (origin: string): Promise<Outcome> => {
      const { status, allowed } = await client.askFromScript(origin)
      if (allowed !== null) return no(`Access-Control-Allow-Origin: ${allowed}`)
      return status < 400 ? yes('no such header') : no(`a right request is answered with ${status}`)
    }
    return all({
      'for another site': await ask(new URL(unregisteredUri).origin),
      'for the client\'s own': await ask(new URL(client.identity.redirectUri).origin)
    })
  }
}

export const noFrames: Probe = {
  name: 'sign-in page not to be framed',
  sends: 'nothing: a look at the headers of the page where the user signed in',
  demand: 'Forbids frames of other sites, by frame-ancestors or X-Frame-Options, against clickjacking.',
  specification: 'https://www.rfc-editor.org/rfc/rfc9700#section-4.16',
  async run ({ browser }) {
    const [page] = browser.signInPages
    if (!page) return notApplicable('no sign-in page')
    const ancestors = /frame-ancestors[^;,]*/i.exec(page.headers.get('content-security-policy') ?? '')?.[0]?.trim()
    const frameOptions = page.headers.get('x-frame-options')
    // Where there is the one, browsers do not look at the other: https://www.w3.org/TR/CSP3/#frame-ancestors-and-frame-options
    if (ancestors) return /\s(\*|https?:)(\s|$)|\/\/\*(:|\s|$)/.test(ancestors) ? no(ancestors) : yes(ancestors)
    if (!frameOptions) return no('neither header')
    const seen = `X-Frame-Options: ${frameOptions}`
    return /^(deny|sameorigin)$/i.test(frameOptions.trim()) ? yes(seen) : no(seen)
  }
}

export const noRedirect307: Probe = {
  name: 'no form passed on by a redirect with 307',
  sends: 'nothing: a look at the redirects that answered a form',
  demand: 'Redirects with 303 (or 302): with 307 or 308 the browser would send the password on to the client.',
  specification: 'https://www.rfc-editor.org/rfc/rfc9700#section-4.12',
  async run ({ browser }) {
    const statuses = [...new Set(browser.redirectsAfterForms)].sort()
    if (statuses.length === 0) return notApplicable('no form was answered with a redirect')
    return statuses.some(status => status === 307 || status === 308) ? no(statuses.join(', ')) : yes(statuses.join(', '))
  }
}
