import { createHash } from 'node:crypto'
import type { User } from '../accounts/users.ts'
import type { Usage } from '../clients/registered-clients.ts'
import type { RealmSettings } from '../state/realm-settings.ts'

/** An error of the token endpoint. */
export interface TokenError { error: string, error_description?: string }

/** The habits of a product that the provider can take on, as far as its documentation tells them. */
export interface Preset {
  /** where nothing else is said of the realm */
  settings: Partial<RealmSettings>
  /** what its claims are called and look like */
  claimsOf (user: User): Record<string, unknown>
  /** what stands in an ID token beside */
  inIdToken (clientId: string, user: User): Record<string, unknown>
  /** whether authorization responses say who has sent them (RFC 9207) */
  namesIssuerInResponses: boolean
  /** what clients of which nothing is said have to do with pushed requests (RFC 9126) */
  pushedRequests: Usage
  /** whether a refresh token works once */
  rotatesRefreshTokens: boolean
  /** whether somebody is asked before they are signed out, where no `id_token_hint` tells who they are */
  asksAtSignOut: boolean
  /** the form that it gives to an error of the token endpoint */
  tokenError? (error: TokenError): TokenError & Record<string, unknown>
}

/** A GUID that is always the same for the same name. */
export function guidOf (name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-')
}

/** What somebody signs in with, as products have it that take an email address for that. */
export const loginOf = ({ username, claims }: User): string =>
  username.includes('@') ? username : typeof claims['email'] === 'string' ? claims['email'] : username
