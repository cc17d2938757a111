import type { RegisteredClient } from '../../../services/idp/clients/registered-clients.ts'
import type { Page } from '../../helpers/browser.ts'
import { Visitor, type Idp, type Tokens } from '../helper.ts'

/** What came of a mistake: a refusal, or what the client wanted. */
export interface Outcome {
  refusal?: string
  tokens?: Tokens
  /** who the userinfo endpoint answered with */
  sub?: string
  /** where the browser was sent */
  left?: string
}

/** Something that a client does wrong, in the same way whether it is strict or permissive. */
export interface Mistake {
  rule: string
  /** how the URL of the section that it breaks ends */
  section: string
  doing: string
  /** which exchange the ledger notes it on */
  endpoint: string
  /** what a strict client gets */
  refusal: string
  /** rules that were broken on the way there, by a client that was permissive until then */
  before?: string[]
  /** @param other a strict client in the same realm */
  make (idp: Idp, client: RegisteredClient, other: RegisteredClient): Promise<Outcome>
}

export type Parameters = Record<string, string | undefined>
type Answer = Awaited<ReturnType<Idp['redeem']>>

/** A URI that no client has registered. */
export const elsewhere = 'http://elsewhere.localhost/callback'

export const tokensOf = (answer: Answer): Outcome =>
  answer.statusCode === 200 ? { tokens: answer.json() } : { refusal: answer.json().error }

export const personOf = (answer: Answer): Outcome =>
  answer.statusCode === 200 ? { sub: answer.json().sub } : { refusal: answer.json().error }

function refusalOn ({ location, status }: Page): string | undefined {
  return location?.searchParams.get('error') ?? (status >= 400 ? `a page with status ${status}` : undefined)
}

/** Ask for a code with these parameters, and redeem it with those. */
export const signIn = (asked: Parameters, redeemed: Parameters = {}): Mistake['make'] => async (idp, client) => {
  const page = await new Visitor(idp).signIn('alice', client, asked)
  const refusal = refusalOn(page)
  return refusal ? { refusal } : tokensOf(await idp.redeem(client, page.location!.searchParams.get('code')!, redeemed))
}
