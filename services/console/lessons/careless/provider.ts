import type { JWK } from 'jose'
import { createPlainFetch } from '#lib/outbound/plain-fetch.ts'
import { Refused } from './refused.ts'

// What the live view knows their own requests by.
const fetches = {
  'relying-party': createPlainFetch({ userAgent: 'relying-party', maxBytes: 1024 * 1024 }),
  evil: createPlainFetch({ userAgent: 'evil', maxBytes: 1024 * 1024 })
}

/** What the site needs of a provider’s metadata. */
export interface Metadata {
  issuer: string
  authorization_endpoint: string
  token_endpoint: string
  userinfo_endpoint: string
  jwks_uri: string
  end_session_endpoint?: string
}

/** A client, as it authenticates; one without a secret cannot. */
export interface Client {
  id: string
  secret?: string
}

export interface Tokens {
  access_token: string
  id_token: string
  refresh_token?: string
}

export interface Userinfo {
  sub: string
  name?: string
  email?: string
}

/**
 * A provider, as a site without a library talks to it.
 *
 * @throws {Refused} by each method where the provider refuses, with its words
 */
export class Provider {
  readonly issuer: string
  readonly #fetch: typeof fetches['evil']
  #metadata: Promise<Metadata> | undefined

  /** @param by whose application it is that talks to it: the brand's, or the attacker's own */
  constructor (issuer: string, by: keyof typeof fetches = 'relying-party') {
    this.issuer = issuer
    this.#fetch = fetches[by]
  }

  /** https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig */
  metadata (): Promise<Metadata> {
    this.#metadata ??= json<Metadata>(this.#fetch(`${this.issuer}/.well-known/openid-configuration`)).catch(error => {
      this.#metadata = undefined
      throw error
    })
    return this.#metadata
  }

  async keys (): Promise<JWK[]> {
    return (await json<{ keys: JWK[] }>(this.#fetch((await this.metadata()).jwks_uri))).keys
  }

  /** A token request, authenticated by HTTP Basic where the client has a secret. */
  async tokens (form: Record<string, string>, { id, secret }: Client): Promise<Tokens> {
    const { token_endpoint: url } = await this.metadata()
    return json<Tokens>(this.#fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(secret !== undefined && { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` })
      },
      body: String(new URLSearchParams({ ...form, ...(secret === undefined && { client_id: id }) }))
    }))
  }

  async userinfo (accessToken: string): Promise<Userinfo> {
    const { userinfo_endpoint: url } = await this.metadata()
    return json<Userinfo>(this.#fetch(url, { headers: { authorization: `Bearer ${accessToken}` } }))
  }
}

async function json<T> (pending: ReturnType<typeof fetches['evil']>): Promise<T> {
  const response = await pending.catch(() => { throw new Refused('The provider does not answer.') })
  const body = await response.json().catch(() => ({})) as T & { error?: string, error_description?: string }
  if (response.ok) return body
  throw new Refused(`The provider says ${response.status}: ${body.error ?? 'no reason'}${body.error_description ? `, ${body.error_description}` : ''}`)
}
