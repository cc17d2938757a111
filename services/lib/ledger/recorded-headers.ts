import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { shorten } from '../settings/secrets.ts'

const ofRequests = [
  'host', 'user-agent', 'accept', 'content-type', 'content-length', 'authorization', 'dpop', 'cookie', 'origin', 'referer', 'sec-fetch-site',
  'sec-fetch-mode', 'sec-fetch-dest', 'sec-fetch-user'
]
const ofAnswers = [
  'content-type', 'content-length', 'location', 'set-cookie', 'cache-control', 'www-authenticate', 'dpop-nonce', 'retry-after',
  'content-security-policy', 'access-control-allow-origin', 'date'
]

/** Headers by their names in lower case, in which no secret is. */
export type RecordedHeaders = Record<string, string | string[]>

/**
 * What is kept of a request's headers: of credentials their scheme, of cookies their names, of addresses no values.
 *
 * @internal
 */
export function requestHeadersOf (headers: IncomingHttpHeaders): RecordedHeaders {
  return recorded(ofRequests, headers)
}

/**
 * The headers of an answer that are kept, as they are. One by one: a copy of all of them takes longer than anything else that is done here.
 *
 * @internal
 */
export function pickAnswerHeaders (headerOf: (name: string) => OutgoingHttpHeaders[string]): OutgoingHttpHeaders {
  const picked: OutgoingHttpHeaders = {}
  for (const name of ofAnswers) {
    const value = headerOf(name)
    if (value !== undefined) picked[name] = value
  }
  return picked
}

/**
 * What is kept of an answer's headers.
 *
 * @internal
 */
export function answerHeadersOf (headers: OutgoingHttpHeaders): RecordedHeaders {
  return recorded(ofAnswers, headers)
}

function recorded (names: string[], headers: IncomingHttpHeaders | OutgoingHttpHeaders): RecordedHeaders {
  return Object.fromEntries(names.filter(name => headers[name] !== undefined).map(name => {
    const value = headers[name]!
    return [name, Array.isArray(value) ? value.map(one => withoutSecrets(name, one)) : withoutSecrets(name, String(value))]
  }))
}

function withoutSecrets (name: string, value: string): string {
  switch (name) {
    case 'authorization': return `${value.split(' ', 1)[0]} …`
    case 'dpop': return '…'
    case 'cookie': return cookiesOf(value).map(({ name }) => `${name}=…`).join('; ')
    case 'set-cookie': return value.replace(/^([^=;]*)=([^;]*)/, (_pair, cookie: string, content: string) => `${cookie}=${content && shorten(content)}`)
    case 'referer':
    case 'location': return withoutValues(value)
    default: return value
  }
}

/** An address with the names of its parameters alone: their values are recorded as parameters, where they are shortened. */
const withoutValues = (url: string) =>
  url.replace(/([?#&][^=&#]+=)[^&#]+/g, '$1…')

/** The cookies of a `Cookie` header. */
export function cookiesOf (header: string | undefined): { name: string, value: string }[] {
  return (header ?? '').split(';').flatMap(pair => {
    const [name, value] = pair.trim().split(/=(.*)/s, 2)
    return name ? [{ name, value: value ?? '' }] : []
  })
}
