import { createHash } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { no, notApplicable, refusedRequest, refusedWithPage, yes, type Outcome, type Probe } from '../probe.ts'
import { unregisteredUri, type ProbingClient } from '../client/probing-client.ts'

const bearerChallenge = 'https://www.rfc-editor.org/rfc/rfc6750#section-3'

/**
 * The schemes of the challenges, of which there can be several in one header: a scheme stands alone, or before a parameter.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 */
const schemesOf = (headers: Headers): string[] =>
  [...(headers.get('www-authenticate') ?? '').replaceAll(/"(\\.|[^"\\])*"/g, '""').matchAll(/(?:^|,)\s*([\w-]+)(?=\s+[\w-]|\s*(?:,|$))/g)]
    .map(([, scheme]) => scheme!)

/** Whoever refuses a good token as well has not looked at this one. */
async function refusedWithChallenge (client: ProbingClient, init: { token?: string }): Promise<Outcome> {
  const { accessToken } = await client.issueTokens()
  const good = await client.userinfo({ token: accessToken })
  if (!good) return notApplicable('no userinfo endpoint')
  if (good.status !== 200) return no(`it does not take a good token either: ${good.status}`)
  const { status, headers } = (await client.userinfo(init))!
  const challenges = schemesOf(headers)
  const seen = `${status}, ${challenges.length > 0 ? `challenge ${challenges.join(', ')}` : 'no challenge'}`
  return status === 401 && challenges.some(scheme => /^bearer$/i.test(scheme)) ? yes(seen) : no(seen)
}

export const garbageAtUserinfo: Probe = {
  name: 'userinfo with a garbage token: 401 and a challenge',
  sends: 'userinfo requests with a good access token, and with Authorization: Bearer garbage',
  demand: 'Answers 401 with WWW-Authenticate: Bearer.',
  specification: bearerChallenge,
  run: client => refusedWithChallenge(client, { token: 'garbage' })
}

export const noTokenAtUserinfo: Probe = {
  name: 'userinfo without a token: 401 and a challenge',
  sends: 'userinfo requests with a good access token, and without Authorization',
  demand: 'Answers 401 with WWW-Authenticate: Bearer.',
  specification: bearerChallenge,
  run: client => refusedWithChallenge(client, {})
}

export const tokenInQuery: Probe = {
  name: 'access token in the URL refused',
  sends: 'a userinfo request with a good access token as query parameter',
  demand: 'Does not take it: URLs end in logs, in histories and in Referer headers.',
  specification: 'https://www.rfc-editor.org/rfc/rfc9700#section-4.3.2',
  async run (client) {
    const { accessToken } = await client.issueTokens()
    const right = await client.userinfo({ token: accessToken })
    if (!right) return notApplicable('no userinfo endpoint')
    if (right.status !== 200) return no(`it does not take the token in the header either: ${right.status}`)
    const response = (await client.userinfo({ query: { access_token: accessToken } }))!
    return response.status === 400 || response.status === 401 ? yes(String(response.status)) : no(String(response.status))
  }
}

export const nonceEchoed: Probe = {
  name: 'nonce echoed in the ID token',
  sends: 'a right authorization request and token request',
  demand: 'Puts the nonce of the authorization request into the ID token, unchanged.',
  specification: 'https://openid.net/specs/openid-connect-core-1_0.html#IDToken',
  async run (client) {
    const { issued, idToken } = await client.issueTokens()
    const { nonce } = decodeJwt(idToken)
    return nonce === issued.nonce ? yes('as sent') : no(nonce === undefined ? 'no nonce' : 'another nonce')
  }
}

export const accessTokenHash: Probe = {
  name: 'ID token has at_hash',
  sends: 'a right authorization request and token request',
  demand: 'Binds the access token to the ID token by at_hash, optional in the code flow, so that clients can see a swap.',
  specification: 'https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken',
  async run (client) {
    const { idToken, accessToken } = await client.issueTokens()
    const claimed = decodeJwt(idToken)['at_hash']
    if (claimed === undefined) return no('no at_hash')
    const { alg } = decodeProtectedHeader(idToken)
    return claimed === leftHalfOfHash(accessToken, alg ?? '') ? yes('that of the access token') : no('a wrong at_hash')
  }
}

function leftHalfOfHash (token: string, alg: string): string {
  // EdDSA has no number in its name: Ed25519 hashes with SHA-512.
  const hash = createHash(`sha${/\d{3}$/.exec(alg)?.[0] ?? '512'}`).update(token).digest()
  return hash.subarray(0, hash.length / 2).toString('base64url')
}

export const sessionId: Probe = {
  name: 'ID token has sid',
  sends: 'a right authorization request and token request',
  demand: 'Names the session, optional, so that a client can be told by logout tokens which of its sessions has ended.',
  specification: 'https://openid.net/specs/openid-connect-backchannel-1_0.html#OPLogout',
  async run (client) {
    const { sid } = decodeJwt((await client.issueTokens()).idToken)
    return typeof sid === 'string' && sid !== '' ? yes('a string') : no(sid === undefined ? 'no sid' : 'a sid that is no string')
  }
}

export const profileScope: Probe = {
  name: 'standard scope profile granted',
  sends: 'an authorization request with scope=openid profile, and the token request',
  demand: 'Grants it: profile is a scope of the standard, and the token response names another scope only where that was granted.',
  specification: 'https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims',
  async run (client) {
    const request = client.authorizationRequest({ scope: 'openid profile' })
    const { redirect, page } = await client.authorize(request.url)
    const code = redirect?.parameters.get('code')
    if (!code) return no(redirect?.parameters.get('error') ?? `page of the provider, ${page.status}`)
    const { status, body } = await client.redeem({ ...request, code })
    if (status !== 200) return no(`${status} at the token endpoint`)
    // No scope means that it is the one asked for: https://www.rfc-editor.org/rfc/rfc6749#section-5.1
    if (typeof body?.['access_token'] !== 'string') return no(`${status} without an access token`)
    if (body['scope'] === undefined) return yes('granted as asked')
    const granted = String(body['scope'])
    return granted.split(' ').toSorted().join(' ') === 'openid profile' ? yes(`granted: ${granted}`) : no(`granted: ${granted}`)
  }
}

export const hintAtSomebodyElse: Probe = {
  name: 'id_token_hint of another person: no code',
  sends: 'an authorization request with the ID token of another user as id_token_hint, in the browser of the first, who signs in',
  demand: 'Sends login_required: there is an ID token for the person whom the hint is about, or for nobody.',
  specification: 'https://openid.net/specs/openid-connect-core-1_0.html#AuthRequestValidation',
  async run (client) {
    const { secondUser } = client.identity
    if (!secondUser) return notApplicable('no --second-username')
    const other = await client.issueTokens({}, client.newBrowser(secondUser))
    const { idToken } = await client.issueTokens()
    if (decodeJwt(other.idToken).sub === decodeJwt(idToken).sub) return notApplicable('one person, whoever signs in')
    return refusedRequest(await client.authorize(client.authorizationRequest({ id_token_hint: other.idToken }).url))
  }
}

export const verifiableIdToken: Probe = {
  name: 'ID token verifies against the published keys',
  sends: 'a right authorization request and token request, and a request for the keys',
  demand: 'Signs with a key of its jwks_uri, and says the right iss and aud, with sub, iat and exp.',
  specification: 'https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation',
  async run (client) {
    const { idToken } = await client.issueTokens()
    try {
      const { protectedHeader } = await client.verifyIdToken(idToken)
      return yes(protectedHeader.alg)
    } catch (error) {
      return no((error as Error).message)
    }
  }
}

export const unregisteredPostLogoutUri: Probe = {
  name: 'unregistered post_logout_redirect_uri refused',
  sends: `a sign-out with a right id_token_hint and post_logout_redirect_uri=${unregisteredUri}, confirmed where asked`,
  demand: 'Sends the browser only to addresses that the client registered for it: it refuses, or signs out and says so itself.',
  specification: 'https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RedirectionAfterLogout',
  async run (client) {
    if (!client.metadata.end_session_endpoint) return notApplicable('no end_session_endpoint')
    const { idToken } = await client.issueTokens()
    const url = new URL(client.metadata.end_session_endpoint)
    url.searchParams.set('id_token_hint', idToken)
    url.searchParams.set('post_logout_redirect_uri', unregisteredUri)
    const { left, page } = await client.browser.open(url.href)
    if (left) return no(left.href.startsWith(unregisteredUri) ? 'redirected to it' : 'redirected to the client')
    const refused = page.status === 404 ? no('') : refusedWithPage({ redirect: undefined, page })
    if (refused.verdict === 'yes' || page.status >= 500) return refused
    // Whether anybody was signed out at all: then the provider does not sign them in without a page any more.
    const { redirect } = await client.authorize(client.authorizationRequest({ prompt: 'none' }).url)
    const isSignedOut = page.status < 400 && redirect?.parameters.get('error') === 'login_required'
    return isSignedOut ? yes(`signed out on a page of the provider, ${page.status}`) : no(`neither signed out nor refused: ${page.status}`)
  }
}
