// What the control API takes and answers, in types that stand by themselves: whoever imports the kit needs no type of a library of
// the lab's. `kit-types.test.ts` compares them with the schemas that the API validates by.
import type { LedgerEntry } from '../../services/lib/ledger/ledger-entry.ts'
import type { LedgerFilter } from '../../services/lib/ledger/ledger-filter.ts'
import type { EndpointName } from './endpoint-names.ts'
import type { FaultName } from './fault-names.ts'
import type { RuleName } from './rule-names.ts'

/** A second factor: a code of an authenticator app. */
export interface SecondFactor {
  /** the secret of the app in Base32 */
  totp_secret: string
  /** the levels for which it is asked for */
  acr?: string | string[]
  amr?: string[]
  /** asked for at every sign-in */
  always?: boolean
}

/** What can be said of a user; what is left out gets a value. */
export interface UserFields {
  /** as the user is called already, where what was read is sent back */
  username?: string
  /** `<user name>-lab` where left out */
  password?: string
  /** subject identifier; follows from the user name where left out */
  sub?: string
  /** why this user is here, shown on the sign-in page */
  about?: string
  /** cannot sign in; who is signed in is signed out thereby */
  disabled?: boolean
  /** sees the consent page even for first-party clients */
  always_ask_consent?: boolean
  /** an authorization request with this `login_hint` signs in without a page */
  sign_in_by_hint?: boolean
  /** the level that the password reaches, or several */
  acr?: string | string[]
  amr?: string[]
  second_factor?: SecondFactor | null
  /** by `client_id`: claims that are different for that client; `null` takes one away */
  client_claims?: Record<string, Record<string, unknown>>
  /** claims of any shape; a client learns those that a scope it asks for stands for */
  claims?: Record<string, unknown>
}

/** A test user. */
export interface User extends Required<UserFields> {
  username: string
}

/** What ID tokens can be signed with. */
export type SigningAlgorithm = 'RS256' | 'ES256' | 'PS256' | 'EdDSA'

/** What a client can have to do with a feature. */
export type Usage = 'off' | 'allowed' | 'required'

/** How long what is issued lasts, in seconds. */
export interface TokenLifetimes {
  access_token?: number
  id_token?: number
  /** one that was had without offline_access ends with the session all the same */
  refresh_token?: number
  /** the authorization code */
  code?: number
}

/** What can be said of a client, by the names of OpenID Connect Dynamic Client Registration; one redirect URI is enough. */
export interface ClientFields {
  /** as the client is called already, where what was read is sent back */
  client_id?: string
  /** what pages call it; the `client_id` where left out */
  client_name?: string
  /** URL of its start page */
  client_uri?: string
  /** `lab-only-secret-of-<client_id>` where left out, but for native clients and those with keys */
  client_secret?: string
  token_endpoint_auth_method?: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none'
  /** the public keys of a client that signs something */
  jwks?: { keys: Record<string, unknown>[] }
  /** native, as where a redirect URI has no http: redirect URIs may have a scheme of the application, and on loopback any port (RFC 8252) */
  application_type?: 'web' | 'native'
  /** compared character by character */
  redirect_uris?: string[]
  post_logout_redirect_uris?: string[]
  grant_types?: ('authorization_code' | 'refresh_token' | 'urn:ietf:params:oauth:grant-type:device_code')[]
  /** the scopes that it may ask for, separated by a space */
  scope?: string
  id_token_signed_response_alg?: SigningAlgorithm
  /** RFC 9126 */
  pushed_authorization_requests?: Usage
  /** RFC 9101 */
  request_objects?: Usage
  /** RFC 9449 */
  dpop?: Usage
  backchannel_logout_uri?: string
  backchannel_logout_session_required?: boolean
  frontchannel_logout_uri?: string
  frontchannel_logout_session_required?: boolean
  /** consent is taken as given */
  first_party?: boolean
  /** claims of the scopes asked for that it finds in the ID token too, and not only at the userinfo endpoint */
  id_token_claims?: string[] | 'all'
  /** always: a refresh token without offline_access as well, one that ends with the session */
  refresh_tokens?: 'offline_access' | 'always'
  /** of what is issued from then on; where left out, those of the realm */
  token_lifetimes?: TokenLifetimes
  /** what strictness refuses is let pass for this client, and noted in the ledger: true, or the rules that it is let off */
  permissive?: boolean | RuleName[]
}

type Always = 'client_name' | 'client_uri' | 'token_endpoint_auth_method' | 'redirect_uris' | 'grant_types' | 'scope' | 'id_token_signed_response_alg'

/** A registered client. */
export type Client = Required<Pick<ClientFields, Always>> & Omit<ClientFields, Always> & { client_id: string }

/** A product whose habits a realm can have. */
export type PresetName = 'okta' | 'auth0' | 'keycloak' | 'entra'

/** What is the same for all clients of a realm. */
export interface RealmSettings {
  /** a product whose habits it has: claims, lifetimes, refresh, sign-out, errors; what is said beside wins */
  like: PresetName | 'none'
  /** scopes beside those of OpenID Connect, and the claims that each of them stands for */
  scopes: Record<string, string[]>
  /** whether whoever asks may register a client */
  dynamic_client_registration: boolean
  /** claims of the scopes asked for that every client finds in the ID token too */
  id_token_claims: string[] | 'all'
  /** always: every client gets a refresh token without offline_access as well, one that ends with the session */
  refresh_tokens: 'offline_access' | 'always'
  /** of what is issued from then on, for clients that have none of their own */
  token_lifetimes: TokenLifetimes
}

/** What part of the protocol faults are about, in the order of a sign-in. */
export type FaultGroup =
  'discovery' | 'authorization-response' | 'token-endpoint' | 'id-token' | 'jwks' | 'userinfo' | 'refresh' | 'logout-token' | 'end-session'

/** A fault as the catalogue has it. */
export interface Fault {
  name: FaultName
  group: FaultGroup
  title: string
  /** what exactly is different on the wire */
  does: string
  /** what a correct relying party must do */
  mustDo: string
  /** refuse: nothing comes of it; succeed: it goes on as if nothing were; retry: not this time, but another time; may: it refuses it or copes */
  outcome: 'refuse' | 'succeed' | 'retry' | 'may'
  specification: { section: string, url: string }
}

/** A fault that is switched on. */
export interface ActiveFault {
  id: string
  fault: FaultName
  client_id?: string
  username?: string
  /** how often it will still be applied; without it, until it is switched off */
  remaining?: number
  /** when it ends by itself, by ISO 8601 */
  expiresAt?: string
  parameters: Record<string, unknown>
  /** why it will not show for now, where that is seen from the provider */
  cannotShowYet?: string
}

/** What a clock says. */
export interface ClockState {
  offsetSeconds: number
  now: string
}

/** A key of the provider's. */
export interface SigningKey {
  kid: string
  alg: SigningAlgorithm
  stage: 'next' | 'current' | 'previous'
  published: boolean
}

/** By what HTTP exchanges are chosen; all that are given must match. */
export interface LedgerQuery extends Omit<LedgerFilter, 'endpoint' | 'fault'> {
  endpoint?: EndpointName
  fault?: FaultName
  /** `last` of a former answer */
  since?: number
  limit?: number
  order?: 'asc' | 'desc'
  /** do not shorten codes, tokens and the like */
  secrets?: 'show'
}

/** HTTP exchanges that match, how many there are, and the `since` that asks for what comes next. */
export interface LedgerPage {
  entries: LedgerEntry[]
  count: number
  last: number
  forgotten: number
}

/** Who can sign in. */
export interface Users {
  list (): Promise<User[]>
  get (username: string): Promise<User>
  /** Add a user, or replace one; with nothing said, somebody with the password `<user name>-lab`. */
  put (username: string, fields?: UserFields): Promise<User>
  /** Merge changes; a claim that is `null` is taken away. */
  patch (username: string, fields: UserFields): Promise<User>
  remove (username: string): Promise<void>
  disable (username: string): Promise<User>
  enable (username: string): Promise<User>
  reset (): Promise<void>
}

/** The registered clients. */
export interface Clients {
  list (): Promise<Client[]>
  get (clientId: string): Promise<Client>
  put (clientId: string, fields: ClientFields): Promise<Client>
  patch (clientId: string, fields: ClientFields): Promise<Client>
  remove (clientId: string): Promise<void>
  reset (): Promise<void>
}

/** The keys that ID tokens are signed with. */
export interface Keys {
  list (): Promise<SigningKey[]>
  rotate (alg?: SigningAlgorithm): Promise<SigningKey>
  publishNext (alg?: SigningAlgorithm): Promise<SigningKey>
  publish (kid: string): Promise<SigningKey>
  unpublish (kid: string): Promise<SigningKey>
  retire (kid: string): Promise<void>
  reset (): Promise<void>
}

/** What was exchanged with browsers and clients. */
export interface Ledger {
  query (filter?: LedgerQuery): Promise<LedgerPage>
  clear (): Promise<void>
}

/** What is the same for all clients of a realm, to be read and changed. */
export interface Settings {
  get (): Promise<RealmSettings>
  patch (settings: Partial<RealmSettings>): Promise<RealmSettings>
  reset (): Promise<void>
}
