import type { JWK } from 'jose'
import type { Claims } from './id-token.ts'
import type { Userinfo } from './provider.ts'

/** What the site remembers of one sign-in that a browser has begun. */
export interface Transaction {
  state: string
  nonce: string
  codeVerifier: string
  /** whether the authorization request had a code challenge */
  sentChallenge: boolean
  /** the value of the cookie of the browser that began it */
  browser: string
  returnTo: string
  /** at which provider: its issuer */
  issuer: string
  /** the session that it is for, where somebody was signed in: for the second code */
  session?: string
}

/** Somebody who has an account at the site, and what it keeps of them. */
export interface Account {
  key: string
  name: string
  email: string
  /** the sign-in that it was opened by */
  opened: { claims: Claims, profile: Userinfo }
  card?: string
}

/** Somebody who is signed in. */
export interface Session {
  account: string
  sub: string
  sid?: string
  idToken: string
  accessToken?: string
  refreshToken?: string
  /** for whom the chat takes whoever writes in this session */
  chatsAs?: { sub: string, name: string }
}

/** Everything that the site keeps of one attempt: plain data, so that an attempt outlives the process. */
export interface Memory {
  transactions: Record<string, Transaction>
  accounts: Record<string, Account>
  sessions: Record<string, Session>
  reviews: { by: string, text: string }[]
  /** what was written to the agent, by the subject that the chat knows */
  chats: Record<string, string[]>
  /** the keys of the provider, as fetched last, by issuer */
  keys: Record<string, JWK[]>
  /** the `jti` of each logout token that was taken */
  logoutTokens: string[]
  /** what it writes down: each request, with its query, and each ID token, as debugging was left on */
  log: string[]
  /** what it writes down for whoever looks for a fault: each request that was refused, and each token request, but for who sends it */
  debugLog: string[]
}

export const emptyMemory = (): Memory =>
  ({ transactions: {}, accounts: {}, sessions: {}, reviews: [], chats: {}, keys: {}, logoutTokens: [], log: [], debugLog: [] })
