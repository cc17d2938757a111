import type { JWK, JWTPayload, ProtectedHeaderParameters } from 'jose'
import type { RecordedValue } from '#lib/ledger/recorded-values.ts'
import type { Message } from '../journeys/message.ts'
import type { MessageIndex } from './message-index.ts'
import type { singleUse } from './sent-before.ts'
import type { Signatures } from './signatures.ts'

/** Where something is demanded. */
export interface Specification {
  section: string
  url: string
}

/** A JWT as it went over the wire. */
export interface Token {
  text: string
  header: ProtectedHeaderParameters
  payload: JWTPayload
}

/** What the provider knows itself, by the lab's control API: what it sends may be wrong on purpose. */
export interface Knowledge {
  issuer: string
  /** public keys, also those that were retired since */
  keys: readonly JWK[]
  clients: readonly Client[]
  /** URL of the lab's own application */
  app: string
  signatures: Signatures
}

/** A registered client, of which the examiner looks at these fields. */
export interface Client {
  client_id: string
  client_secret?: string
  application_type?: string
  redirect_uris?: string[]
  post_logout_redirect_uris?: string[]
  token_endpoint_auth_method?: string
  id_token_signed_response_alg?: string
}

/** One authorization request and what came of it. */
export interface SignIn {
  clientId: string
  request: Message
  /** its parameters: of a request that was pushed, or is a signed object, what is in that */
  asked: Readonly<Record<string, RecordedValue>>
  /** of these, the ones that another request had before */
  usedBefore: ReadonlySet<typeof singleUse[number]>
  /** the answer that the browser takes to the client */
  response: Message | undefined
  /** what the client answered to that; nothing where it keeps no ledger */
  callback: Message | undefined
  /** each attempt to redeem the code, of any client */
  redemptions: Message[]
  /** the client's own that brought tokens, or else its last */
  redemption: Message | undefined
  /** the redemption that brought tokens */
  tokens: Message | undefined
  idToken: Token | undefined
  /** each use of a refresh token, of any client; ID tokens of its own alone */
  refreshes: { message: Message, idToken: Token | undefined }[]
  userinfo: Message[]
}

/** What a check has found. */
export interface Verdict {
  ok: boolean
  expected: string
  found: string
  /** the message that it is about */
  message: Message
}

/** What everybody knows of a check. */
export interface Description {
  /** kebab-case, as the faults of the catalogue */
  name: string
  /** whose duty it is */
  by: 'relying party' | 'provider'
  /** what must hold, and why */
  demands: string
  specification: Specification
  /** it is the other's duty to send what holds: whoever goes on all the same is lenient, and does nothing that is forbidden */
  mayGoOn?: true
}

/** A check of a sign-in; nothing where there is nothing to check. */
export interface SignInCheck extends Description {
  /** it is about what an application sends itself: there is nothing that it could refuse */
  isAboutSender?: true
  examine (signIn: SignIn, knowledge: Knowledge): Verdict | undefined | Promise<Verdict | undefined>
}

/** A check of a message by itself. */
export interface MessageCheck extends Description {
  /** endpoint of the messages that it is for; all where not said */
  endpoint?: string
  /** the answer to the message says itself whether whoever had to check has gone on */
  showsItself?: true
  /** @param index of the journey */
  examine (message: Message, knowledge: Knowledge, index: MessageIndex): Omit<Verdict, 'message'> | undefined | Promise<Omit<Verdict, 'message'> | undefined>
}

/** By so much the clock of an application may differ from the provider's, before a time in a token counts as wrong. */
export const toleranceSeconds = 120

export const clientOf = ({ clients }: Knowledge, id: string | undefined): Client | undefined => clients.find(client => client.client_id === id)

/** The algorithm that tokens for a client are signed with. */
export const algOf = (knowledge: Knowledge, id: string | undefined): string => clientOf(knowledge, id)?.id_token_signed_response_alg ?? 'RS256'

/** A parameter as text; nothing where it is missing or empty. */
export const textOf = (value: RecordedValue | undefined): string | undefined => typeof value === 'string' && value !== '' ? value : undefined

/** A value in words, for whoever compares. */
export const words = (value: unknown): string => value === undefined ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value)

/** A check that a value is what it must be. */
export const compare = (message: Message, expected: unknown, found: unknown, ok = expected === found): Verdict =>
  ({ ok, expected: words(expected), found: words(found), message })

export const core = (section: string, anchor: string): Specification =>
  ({ section: `OpenID Connect Core 1.0, section ${section}`, url: `https://openid.net/specs/openid-connect-core-1_0.html#${anchor}` })

export const rfc = (number: number, section: string): Specification =>
  ({ section: `RFC ${number}, section ${section}`, url: `https://www.rfc-editor.org/rfc/rfc${number}#section-${section}` })

/** A check of a claim of the ID token. */
export function idTokenCheck ({ expected, found, isMet, ...description }: Omit<Description, 'by'> & {
  expected: (signIn: SignIn, knowledge: Knowledge) => unknown
  found: (token: Token) => unknown
  /** where it is more than to be the same */
  isMet?: (found: unknown, expected: unknown, token: Token) => boolean
}): SignInCheck {
  return {
    ...description,
    by: 'relying party',
    examine (signIn, knowledge) {
      const { idToken, tokens } = signIn
      if (!idToken) return undefined
      const [wanted, is] = [expected(signIn, knowledge), found(idToken)]
      return compare(tokens!, wanted, is, isMet ? isMet(is, wanted, idToken) : wanted === is)
    }
  }
}
