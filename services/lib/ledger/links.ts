import { hash } from 'node:crypto'
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { cookiesOf } from './recorded-headers.ts'

// What is made for one use, or known to one browser and its peers alone. Of `oauth.code` the last part counts.
const linkingNames = new Set([
  'state', 'code', 'request_uri', 'access_token', 'refresh_token', 'id_token', 'id_token_hint', 'logout_token', 'device_code',
  'token', 'jwt', 'refreshToken'
])
const maxLinks = 32

/** Where values that link HTTP exchanges are looked for. */
export interface LinkSources {
  parameters: Record<string, unknown>
  answer: Record<string, unknown>
  requestHeaders: IncomingHttpHeaders
  answerHeaders: OutgoingHttpHeaders
  /** whether a cookie of this name is the session of one browser, for as long as it has this value */
  isSession?: ((cookie: string) => boolean) | undefined
}

/**
 * What an HTTP exchange has in common with those before and after it, at any service: of each single-use value that came or went
 * the first 16 characters of its SHA-256. Whoever reads all ledgers joins them by these, and learns no secret from them.
 */
export function linksOf ({ parameters, answer, requestHeaders, answerHeaders, isSession = () => false }: LinkSources): string[] {
  const values = [parameters, answer].flatMap(named =>
    Object.keys(named).filter(name => linkingNames.has(name.slice(name.lastIndexOf('.') + 1))).map(name => named[name]))
  const setCookies = [answerHeaders['set-cookie'] ?? []].flat().flatMap(line => cookiesOf(String(line).split(';', 1)[0]))
  const sessions = [...cookiesOf(requestHeaders.cookie), ...setCookies].filter(({ name }) => isSession(name)).map(({ value }) => value)
  const bearer = /^(?:bearer|dpop) +(\S+)/i.exec(requestHeaders.authorization ?? '')?.[1]
  const texts = [...values, ...sessions, bearer].filter(value => typeof value === 'string' && value !== '')
  return [...new Set(texts.map(value => linkOf(value as string)))].slice(0, maxLinks)
}

/** The link that a value is. */
export const linkOf = (value: string): string => hash('sha256', value, 'base64url').slice(0, 16)
