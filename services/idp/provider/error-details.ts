import type { ErrorOut, KoaContextWithOIDC } from 'oidc-provider'
import type { Clients } from '../clients/registered-clients.ts'

/** A URI in three pieces, of which the middle one is what differs. */
export type Marked = [string, string, string]

/** A URI that a client sent, beside those that are registered for it. */
export interface Mismatch {
  parameter: 'redirect_uri' | 'post_logout_redirect_uri'
  sent: Marked
  /** the most similar ones first, with what differs in words */
  registered: { uri: Marked, differs: string }[]
  /** how many there are beside these */
  others: number
}

/** What the page about an error says of the request. */
export interface ErrorDetails {
  /** that nobody is registered by */
  unknownClient?: string
  /** for a lab alone: a real provider tells nobody what is registered */
  mismatch?: Mismatch
}

const mostShown = 5
const longestId = 200

/**
 * What was wrong with the request, where the protocol's own words do not tell.
 *
 * @param options.lab whether it may be told what is registered
 */
export function detailsOf (
  { oidc, query }: KoaContextWithOIDC, out: ErrorOut, { clients, lab }: { clients: Clients, lab: boolean }
): ErrorDetails {
  const params: Record<string, unknown> = oidc.params ?? query
  const { client_id: clientId } = params
  if (out.error === 'invalid_client' && !oidc.client && typeof clientId === 'string') return { unknownClient: shorten(clientId) }

  const parameter = parameterOf(oidc.route, out)
  const sent = parameter && params[parameter]
  const client = clients.get(oidc.client?.clientId ?? '')
  if (!lab || !parameter || typeof sent !== 'string' || !client) return {}
  return { mismatch: compare(parameter, sent, client[`${parameter}s`] ?? []) }
}

function parameterOf (route: string, { error, error_description: description }: ErrorOut): Mismatch['parameter'] | undefined {
  if (error === 'invalid_redirect_uri') return 'redirect_uri'
  return route === 'end_session' && description?.startsWith('post_logout_redirect_uri') ? 'post_logout_redirect_uri' : undefined
}

const shorten = (id: string) => id.length <= longestId ? id : `${id.slice(0, longestId)}…`

function compare (parameter: Mismatch['parameter'], sent: string, registered: string[]): Mismatch {
  const nearest = registered.toSorted((a, b) => inCommon(sent, b) - inCommon(sent, a))
  return {
    parameter,
    sent: nearest[0] === undefined ? [sent, '', ''] : mark(sent, nearest[0]),
    registered: nearest.slice(0, mostShown).map(uri => ({ uri: mark(uri, sent), differs: differenceOf(sent, uri) })),
    others: Math.max(nearest.length - mostShown, 0)
  }
}

/** How much of the longer of both they have in common at the beginning and at the end. */
function inCommon (a: string, b: string): number {
  const [before, , after] = mark(a, b)
  return (before.length + after.length) / Math.max(a.length, b.length)
}

/** What of a text is not in the other, between what they have in common at the beginning and at the end, in whole words. */
function mark (text: string, other: string): Marked {
  const [own, others] = [wordsIn(text), wordsIn(other)]
  const shorter = Math.min(own.length, others.length)
  let before = 0
  while (before < shorter && own[before] === others[before]) before++
  let after = 0
  while (after < shorter - before && own.at(-1 - after) === others.at(-1 - after)) after++
  const end = own.length - after
  return [own.slice(0, before).join(''), own.slice(before, end).join(''), own.slice(end).join('')]
}

const wordsIn = (text: string): string[] => text.match(/[\p{L}\d]+|./gsu) ?? []

const parts = { protocol: 'scheme', hostname: 'host', port: 'port', pathname: 'path', search: 'query', hash: 'fragment' } as const

function differenceOf (sent: string, registered: string): string {
  if (sent === `${registered}/`) return 'has no slash at the end'
  if (registered === `${sent}/`) return 'has a slash at the end'
  if (sent.toLowerCase() === registered.toLowerCase()) return 'has other capitals'
  const [a, b] = [URL.parse(sent), URL.parse(registered)]
  if (!a || !b) return 'is a URI, and what was sent is none'
  const different = (Object.keys(parts) as (keyof typeof parts)[]).filter(part => a[part] !== b[part]).map(part => parts[part])
  return different.length === 0 ? 'is spelt in another way' : `has another ${different.join(', another ')}`
}
