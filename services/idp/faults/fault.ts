import type { KoaContextWithOIDC } from 'oidc-provider'
import { Type, type Static, type TObject } from '#lib/validation/schema.ts'
import type { Forger, Issued } from './forger.ts'

/** What part of the protocol a fault is about, in the order of a sign-in, and what that is called. */
export const groups = {
  discovery: 'Discovery',
  'authorization-response': 'Authorization response',
  'token-endpoint': 'Token endpoint',
  'id-token': 'ID token',
  jwks: 'JWK set',
  userinfo: 'Userinfo',
  refresh: 'Refresh',
  'logout-token': 'Logout token',
  'end-session': 'Sign-out at the provider'
} as const

/**
 * What a correct relying party makes of it.
 *
 * - `refuse`: it does not accept what came, and nothing comes of it: no session, no tokens, no sign-out
 * - `succeed`: it copes, and goes on as if nothing were
 * - `retry`: it accepts nothing this time either, but may try again, by itself or when the person does, and then succeeds
 * - `may`: it may refuse it, and may cope with it: no specification forbids either
 */
export const outcomes = ['refuse', 'succeed', 'retry', 'may'] as const

/** Where in an HTTP exchange a fault is applied. At each point one fault at a time. */
export type Point =
  'discovery' | 'jwks' | 'authorization-response' | 'token-request' | 'token-response' | 'id-token' | 'refreshed-id-token' |
  'userinfo' | 'logout-token' | 'end-session-request' | 'end-session-response'

/** A fault as the catalogue tells of it. */
export interface Description<P extends TObject = TObject> {
  /** kebab-case, close to the names of the OpenID Foundation's modules */
  name: string
  group: keyof typeof groups
  title: string
  /** what exactly is different on the wire */
  does: string
  /** what a correct relying party must do */
  mustDo: string
  outcome: typeof outcomes[number]
  /** where that is said */
  specification: { section: string, url: string }
  /** the module of the OpenID Foundation's conformance suite that tests relying parties for it */
  conformance?: string
  /** by what it can be limited; none where the request does not tell who asks */
  scopes: readonly ('client_id' | 'username')[]
  /** what can be set, with defaults */
  parameters?: P
}

/** Puts another JWT in the place of the one that was issued. */
export interface TokenFault<P extends TObject = TObject> extends Description<P> {
  point: 'id-token' | 'refreshed-id-token' | 'logout-token'
  forge (issued: Issued, forger: Forger, parameters: Static<P>): string | Promise<string>
  /** how often it is sent */
  times?: number
}

/** Changes the parameters of an authorization response before they are written, as a query, a fragment or a form. */
export interface AuthorizationFault<P extends TObject = TObject> extends Description<P> {
  point: 'authorization-response'
  change (response: AuthorizationResponse, parameters: Static<P>): void
}

/** The parameters of an authorization response; what is `undefined` is left out. */
export type AuthorizationResponse = Record<string, string | undefined>

/** Changes an answer of HTTP; at the point `token-request` in place of dealing with the request. */
export interface AnswerFault<P extends TObject = TObject> extends Description<P> {
  point: Exclude<Point, TokenFault['point'] | AuthorizationFault['point']>
  /** where it cannot always be applied: whether it can be to this answer */
  applies? (ctx: KoaContextWithOIDC): boolean
  answer (ctx: KoaContextWithOIDC, parameters: Static<P>): void | Promise<void>
}

export type Fault = TokenFault | AuthorizationFault | AnswerFault

/** The type of a fault with the types of its parameters. */
export const tokenFault = <P extends TObject>(fault: TokenFault<P>): Fault => fault as TokenFault<TObject>
export const answerFault = <P extends TObject>(fault: AnswerFault<P>): Fault => fault as AnswerFault<TObject>
export const authorizationFault = (fault: AuthorizationFault): Fault => fault

/** For faults at endpoints that know both. */
export const byClientAndUser: Description['scopes'] = ['client_id', 'username']

/** The issuer and the client that exist nowhere in the lab: names of example.com belong to nobody. */
export const elsewhere = { issuer: 'https://elsewhere.example.com', client: 'another-client', user: 'another-user', acr: 'urn:example:another-acr' }

/** The parameter of slow answers. */
export const delay = Type.Object({
  delaySeconds: Type.Number({ default: 5, minimum: 0, maximum: 60, description: 'how long the answer takes' })
}, { additionalProperties: false })

export const core = (section: string, anchor: string) =>
  ({ section: `OpenID Connect Core 1.0, ${section}`, url: `https://openid.net/specs/openid-connect-core-1_0.html#${anchor}` })

export const discoverySpecification = (section: string, anchor: string) => ({
  section: `OpenID Connect Discovery 1.0, ${section}`,
  url: `https://openid.net/specs/openid-connect-discovery-1_0.html#${anchor}`
})

export const rfc = (number: number, section: string) =>
  ({ section: `RFC ${number}, ${section}`, url: `https://www.rfc-editor.org/rfc/rfc${number}#section-${section}` })
