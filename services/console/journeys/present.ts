import { hash } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { linkOf } from '#lib/ledger/links.ts'
import type { RecordedValue } from '#lib/ledger/recorded-values.ts'
import { isSecret, shorten } from '#lib/settings/secrets.ts'
import { endOf, type Message } from './message.ts'
import { storyOf } from './stories.ts'

/** A parameter as a page shows it. */
export interface PresentedValue {
  name: string
  /** a secret is shortened, unless secrets are asked for */
  value: RecordedValue
  secret: boolean
  /** the same wherever this value appears, in whichever name; nothing where it is too short to mean anything */
  same?: string
  /** of a code verifier: what its code challenge is wherever that appears */
  hash?: string
}

/** A JWT among the values of a message. */
export interface PresentedToken {
  name: string
  header: PresentedValue[]
  payload: PresentedValue[]
}

/** A message as a page shows it: no secret in it that was not asked for. */
export interface PresentedMessage extends Omit<Message, 'parameters' | 'answer' | 'links' | 'id' | 'flow'> {
  /** what it is about, in words */
  story: string
  /** what was asked for, without a query */
  url: string
  end: number
  parameters: PresentedValue[]
  answer: PresentedValue[]
  tokens: PresentedToken[]
}

const minValueLength = 8

/** A message without its secrets, with its tokens decoded, and with what tells where else each value appears. */
export function present (message: Message, url: string, secrets: 'show' | undefined): PresentedMessage {
  const { parameters, answer, links: _links, id: _id, flow: _flow, ...rest } = message
  const present = (values: Record<string, RecordedValue>) => Object.entries(values).map(([name, value]) => presentValue(name, value, secrets))
  return {
    ...rest,
    url,
    story: storyOf(message),
    end: endOf(message),
    parameters: present(parameters),
    answer: present(answer),
    tokens: [...Object.entries(parameters), ...Object.entries(answer)].flatMap(([name, value]) => decoded(name, value))
  }
}

/** What is claimed in a token is no secret: it is what people want to see. */
const claimsOf = (claims: object): PresentedValue[] => Object.entries(claims).map(([name, claim]) => {
  const value = typeof claim === 'object' && claim !== null ? JSON.stringify(claim) : claim as RecordedValue
  return { name, value, secret: false, ...sameOf(value) }
})

const sameOf = (value: RecordedValue) => typeof value === 'string' && value.length >= minValueLength ? { same: linkOf(value) } : {}

function presentValue (path: string, value: RecordedValue, secrets: 'show' | undefined): PresentedValue {
  const name = path.slice(path.lastIndexOf('.') + 1)
  const secret = isSecret(name, value)
  return {
    name: path,
    value: secret && secrets !== 'show' ? shorten(String(value)) : value,
    secret,
    ...sameOf(value),
    // PKCE: the verifier is seen for the first time when it is shown, its hash has been there from the beginning.
    ...(/^code_?verifier$/i.test(name) && typeof value === 'string' && { hash: linkOf(hash('sha256', value, 'base64url')) })
  }
}

function decoded (name: string, value: RecordedValue): PresentedToken[] {
  if (typeof value !== 'string' || !value.startsWith('eyJ')) return []
  try {
    return [{ name, header: claimsOf(decodeProtectedHeader(value)), payload: claimsOf(decodeJwt(value)) }]
  } catch {
    return []
  }
}
