import { randomBytes } from 'node:crypto'
import { all, no, notApplicable, refusedRequest, refusedTokens, yes, type Outcome, type Probe } from '../probe.ts'
import { errorOf, unregisteredUri, type ProbingClient, type TokenResponse } from '../client/probing-client.ts'

const redemption = 'https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3'
const errorResponse = 'https://www.rfc-editor.org/rfc/rfc6749#section-5.2'

const anotherVerifier = () => randomBytes(32).toString('base64url')

/** A fresh code, redeemed by the client with a secret that is not its own. */
async function redeemWithWrongSecret (client: ProbingClient): Promise<TokenResponse | undefined> {
  const { identity } = client
  if (identity.clientSecret === undefined) return undefined
  return client.redeem(await client.issueCode(), {}, { ...identity, clientSecret: `${identity.clientSecret}-wrong` })
}

export const wrongSecret: Probe = {
  name: 'wrong client secret refused',
  sends: 'a right token request, but for the client secret',
  demand: 'Authenticates a confidential client at every token request, whether or not PKCE is used.',
  specification: redemption,
  async run (client) {
    const response = await redeemWithWrongSecret(client)
    return response ? refusedTokens(response) : notApplicable('public client, no --client-secret')
  }
}

export const withoutVerifier: Probe = {
  name: 'token call without code_verifier refused',
  sends: 'a token request without code_verifier, for a code that was asked for with a code_challenge',
  demand: 'Refuses it: a check that can be left out protects nobody.',
  specification: 'https://www.rfc-editor.org/rfc/rfc9700#section-2.1.1',
  run: async client => refusedTokens(await client.redeem(await client.issueCode(), { code_verifier: undefined }))
}

export const wrongVerifier: Probe = {
  name: 'wrong code_verifier refused',
  sends: 'a token request with another, well-formed code_verifier',
  demand: 'Answers invalid_grant.',
  specification: 'https://www.rfc-editor.org/rfc/rfc7636#section-4.6',
  run: async client => refusedTokens(await client.redeem(await client.issueCode(), { code_verifier: anotherVerifier() }))
}

export const redirectUriMismatch: Probe = {
  name: 'redirect_uri mismatch at the token endpoint refused',
  sends: 'a token request whose redirect_uri is not that of the authorization request',
  demand: 'Compares the two, and answers invalid_grant.',
  specification: redemption,
  run: async client => refusedTokens(await client.redeem(await client.issueCode(), { redirect_uri: unregisteredUri }))
}

export const codeReplay: Probe = {
  name: 'code replay refused',
  sends: 'a right token request, twice',
  demand: 'Answers the second with invalid_grant: a code works once.',
  specification: 'https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2',
  async run (client) {
    const { issued } = await client.issueTokens()
    return refusedTokens(await client.redeem(issued))
  }
}

export const replayRevokes: Probe = {
  name: 'code replay revokes the tokens of the first redemption',
  sends: 'a right token request, twice, and then the first access token to the userinfo endpoint',
  demand: 'Takes the access token back, as two parties have the code and nobody knows which was the thief.',
  specification: 'https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2',
  async run (client) {
    const { issued, accessToken } = await client.issueTokens()
    const before = await client.userinfo({ token: accessToken })
    if (before?.status !== 200) return notApplicable('no userinfo endpoint to see it by')
    await client.redeem(issued)
    const after = await client.userinfo({ token: accessToken })
    return after?.status === 401 ? yes('userinfo: first 200, then 401') : no(`userinfo still answers ${after?.status}`)
  }
}

export const alteredCode: Probe = {
  name: 'altered code refused',
  sends: 'a right token request, but for one letter in the middle of the code',
  demand: 'Answers invalid_grant.',
  specification: errorResponse,
  async run (client) {
    const issued = await client.issueCode()
    const middle = Math.floor(issued.code.length / 2)
    const letter = issued.code[middle] === 'a' ? 'b' : 'a'
    const code = issued.code.slice(0, middle) + letter + issued.code.slice(middle + 1)
    return refusedTokens(await client.redeem({ ...issued, code }))
  }
}

export const codeOfAnotherClient: Probe = {
  name: 'code of another client refused',
  sends: 'a right token request by a second client, for a code of the first',
  demand: 'Answers invalid_grant: a code is bound to the client that it was issued to.',
  specification: redemption,
  async run (client) {
    const { second } = client.identity
    if (!second) return notApplicable('no --second-client-id')
    const response = await client.redeem(await client.issueCode(), {}, { ...client.identity, ...second })
    // Then the code was not looked at.
    if (errorOf(response.body) === 'invalid_client') return notApplicable('the second client itself is refused')
    return refusedTokens(response)
  }
}

export const pkceDowngrade: Probe = {
  name: 'code_verifier without a code_challenge refused',
  sends: 'a token request with a code_verifier, for a code that was asked for without code_challenge',
  demand: 'Refuses it: somebody has taken the code_challenge out of the client\'s request.',
  specification: 'https://www.rfc-editor.org/rfc/rfc9700#section-4.8.2',
  async run (client) {
    const request = client.authorizationRequest({ code_challenge: undefined, code_challenge_method: undefined })
    const answer = await client.authorize(request.url)
    const code = answer.redirect?.parameters.get('code')
    if (!code) return refusedRequest(answer)
    return refusedTokens(await client.redeem({ ...request, code }))
  }
}

export const tokenRequestByGet: Probe = {
  name: 'HTTP GET at the token endpoint refused',
  sends: 'a right token request, as a GET with its parameters in the URL',
  demand: 'Answers POST alone: URLs with codes and secrets end in logs.',
  specification: 'https://www.rfc-editor.org/rfc/rfc6749#section-3.2',
  async run (client) {
    const { code, codeVerifier } = await client.issueCode()
    return refusedTokens(await client.requestTokens({
      grant_type: 'authorization_code', code, redirect_uri: client.identity.redirectUri, code_verifier: codeVerifier
    }, client.identity, 'GET'))
  }
}

export const tokenParameterTwice: Probe = {
  name: 'parameter sent twice refused (token endpoint)',
  sends: 'a token request that has two code_verifiers, the right one last; and one that has them the other way round',
  demand: 'Answers invalid_request, rather than to choose one.',
  specification: 'https://www.rfc-editor.org/rfc/rfc6749#section-3.2',
  async run (client) {
    const wrong = anotherVerifier()
    const [first, second] = [await client.issueCode(), await client.issueCode()]
    return all({
      'right one last': refusedTokens(await client.redeem(first, { code_verifier: [wrong, first.codeVerifier] })),
      'right one first': refusedTokens(await client.redeem(second, { code_verifier: [second.codeVerifier, wrong] }))
    })
  }
}

export const tokenErrorForm: Probe = {
  name: 'token errors in the protocol\'s form',
  sends: 'token requests with a wrong code_verifier, without a grant_type, with an unknown grant_type',
  demand: 'Answers 400 with a JSON object, whose error is invalid_grant, invalid_request, unsupported_grant_type.',
  specification: errorResponse,
  async run (client) {
    const expect = (error: string, { status, headers, body }: TokenResponse): Outcome => {
      const type = headers.get('content-type')?.split(';')[0] ?? 'no content type'
      const right = status === 400 && type === 'application/json' && errorOf(body) === error
      return right ? yes(error) : no(`${status} ${type}, ${errorOf(body) || 'no error'}`)
    }
    const [code, wrong] = [await client.issueCode(), anotherVerifier()]
    return all({
      'wrong code_verifier': expect('invalid_grant', await client.redeem(code, { code_verifier: wrong })),
      'no grant_type': expect('invalid_request', await client.requestTokens({ code: wrong })),
      'unknown grant_type': expect('unsupported_grant_type', await client.requestTokens({ grant_type: 'urn:example:unknown' }))
    })
  }
}

export const clientErrorForm: Probe = {
  name: 'wrong client secret: 401, invalid_client and a challenge',
  sends: 'a right token request, but for the client secret',
  demand: 'Answers invalid_client; with 401 and WWW-Authenticate: Basic where the client used the header.',
  specification: errorResponse,
  async run (client) {
    const response = await redeemWithWrongSecret(client)
    if (!response) return notApplicable('public client, no --client-secret')
    const { status, headers, body } = response
    const challenge = /^\w+/.exec(headers.get('www-authenticate') ?? '')?.[0]
    const seen = `${status} ${errorOf(body) || 'no error'}, ${challenge ? `challenge ${challenge}` : 'no challenge'}`
    const isChallenged = status === 401 && challenge?.toLowerCase() === 'basic'
    const isRight = isChallenged || (!client.authenticatesByHeader && (status === 400 || status === 401))
    return isRight && errorOf(body) === 'invalid_client' ? yes(seen) : no(seen)
  }
}

export const tokensNotStored: Probe = {
  name: 'token responses not to be stored',
  sends: 'a right token request',
  demand: 'Sends Cache-Control: no-store with whatever holds tokens.',
  specification: 'https://www.rfc-editor.org/rfc/rfc6749#section-5.1',
  async run (client) {
    const { response } = await client.issueTokens()
    const directives = response.headers.get('cache-control')
    return directives?.split(/\s*,\s*/).includes('no-store') ? yes(directives) : no(directives ?? 'no Cache-Control')
  }
}
