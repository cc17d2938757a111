import * as client from 'openid-client'
import { Agent, fetch } from 'undici'
import { lookup } from '#lib/loopback-names.ts'
import { Visitor } from '../helper.ts'
import type { FaultyIdp } from './helper.ts'

// As a relying party would have it, but without sending anything again: each request counts.
const dispatcher = new Agent({ connect: { lookup } })
const fetchOnce = ((url: string, options: object) => fetch(url, { ...options, dispatcher })) as unknown as client.CustomFetch

/** A relying party on `openid-client`, with every check that it offers, and a browser in which alice is signed in. */
export class RelyingParty {
  readonly #faulty: FaultyIdp
  readonly #metadata: Partial<client.ClientMetadata>
  readonly #browser: Visitor
  #configuration: Promise<client.Configuration> | undefined

  /** @param metadata what it is registered with, beside its name and secret */
  constructor (faulty: FaultyIdp, metadata: Partial<client.ClientMetadata> = {}) {
    this.#faulty = faulty
    this.#metadata = metadata
    this.#browser = new Visitor(faulty.idp)
  }

  async #discover (): Promise<client.Configuration> {
    const { config, relyingParty: { client_id: id, client_secret: secret } } = this.#faulty.idp
    this.#configuration ??= client.discovery(new URL(config.issuer), id, this.#metadata, client.ClientSecretBasic(secret), {
      [client.customFetch]: fetchOnce,
      execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks]
    })
    return await this.#configuration
  }

  /** Sign in, and ask who it is. */
  async signIn (parameters: Record<string, string> = {}) {
    const configuration = await this.#discover()
    const { idp } = this.#faulty
    const pkceCodeVerifier = client.randomPKCECodeVerifier()
    const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()]
    const { location } = await this.#browser.signIn('alice', idp.relyingParty, {
      state: expectedState,
      nonce: expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      ...parameters
    })
    const tokens = await client.authorizationCodeGrant(configuration, location!, {
      pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true
    })
    await client.fetchUserInfo(configuration, tokens.access_token, tokens.claims()!.sub)
    return tokens
  }

  /** Sign in for longer, and refresh. */
  async refresh (): Promise<void> {
    const { refresh_token: refreshToken } = await this.signIn(this.#faulty.idp.offline)
    await client.refreshTokenGrant(await this.#discover(), refreshToken!)
  }
}

/** Why something was refused: what the error and those that caused it say, and the protocol's own word. */
export function reasonOf (error: unknown): string {
  if (!(error instanceof Error)) return ''
  const { error: code = '', cause } = error as Error & { error?: string }
  return [error.message, code, reasonOf(cause)].filter(text => text !== '').join('; ')
}
