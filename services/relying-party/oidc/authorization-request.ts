import * as client from 'openid-client'

/** What must be remembered between an authorization request and its response. Fresh for each request. */
export interface AuthorizationRequest {
  state: string
  nonce: string
  codeVerifier: string
  /** milliseconds since the epoch */
  startedAt: number
}

export const newAuthorizationRequest = (): AuthorizationRequest => ({
  state: client.randomState(),
  nonce: client.randomNonce(),
  codeVerifier: client.randomPKCECodeVerifier(),
  startedAt: Date.now()
})

/** What of it is sent. The verifier stays here until the code is redeemed. */
export async function parametersOf ({ state, nonce, codeVerifier }: AuthorizationRequest): Promise<Record<string, string>> {
  return {
    state,
    nonce,
    code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256'
  }
}
