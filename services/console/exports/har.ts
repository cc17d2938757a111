import { STATUS_CODES } from 'node:http'
import type { Cookie, Entry, Har, Header, PostData, QueryString } from 'har-format'
import { cookiesOf } from '#lib/ledger/recorded-headers.ts'
import type { RecordedValue } from '#lib/ledger/recorded-values.ts'
import type { PresentedMessage, PresentedValue } from '../journeys/present.ts'
import { titleOf, type PresentedJourney } from './presented-journey.ts'
import { failuresOf, sequenceOf, type Step } from './sequence.ts'

/** A message on a WebSocket, as Chrome writes it. */
interface WebSocketMessage {
  type: 'send' | 'receive'
  /** in epoch seconds */
  time: number
  opcode: 1
  data: string
}

/** What this lab knows besides; names with an underscore are free for that. */
interface LabEntry extends Entry {
  _from: string
  _to: string
  _faults?: string[]
  _failedChecks?: string[]
  _webSocketMessages?: WebSocketMessage[]
}

// What HAR says for what is not known. The ledgers have no version of HTTP, for which HAR has no such number.
const unknown = -1
const unknownVersion = 'unknown'
const page = 'journey'

/**
 * A journey as an HTTP archive, server to server included: browsers' developer tools open it, and Playwright answers from it. Bodies
 * are put together again from what the ledgers keep of them: of pages and files nothing. What is inferred is left out.
 *
 * @see http://www.softwareishard.com/blog/har-12-spec/
 */
export function harOf (journey: PresentedJourney): Har {
  const { steps } = sequenceOf(journey)
  const sockets = Map.groupBy(steps.filter(({ message }) => message.frame), ({ message }) => message.frame!.connection)
  const entries = steps.flatMap(step => {
    const { frame, isInferred } = step.message
    if (isInferred) return []
    if (!frame) return [entryOf(step)]
    const messages = sockets.get(frame.connection)!
    return messages[0] === step ? [socketOf(messages)] : []
  })
  return {
    log: {
      version: '1.2',
      creator: { name: 'OIDC Messenger Lab', version: '1' },
      pages: [{ id: page, title: titleOf(journey), startedDateTime: dateOf(journey.from), pageTimings: {} }],
      entries
    }
  }
}

function entryOf (step: Step): LabEntry {
  const { message } = step
  const { method, status, requestHeaders, answerHeaders, durationMs } = message
  const url = new URL(message.url)
  const sent = sentValues(message)
  const body = postDataOf(message, sent)
  const query = body ? [] : sent.map(pairOf)
  for (const { name, value } of query) url.searchParams.append(name, value)
  const location = locationOf(message)
  return {
    ...commonOf([step]),
    time: durationMs,
    request: {
      method,
      url: url.href,
      httpVersion: unknownVersion,
      cookies: cookiesOf(textOf(requestHeaders['cookie'])),
      headers: headersOf(requestHeaders),
      queryString: query,
      ...(body && { postData: body }),
      headersSize: unknown,
      bodySize: sizeOf(requestHeaders)
    },
    response: {
      status,
      statusText: STATUS_CODES[status] ?? '',
      httpVersion: unknownVersion,
      cookies: [answerHeaders['set-cookie'] ?? []].flat().map(cookieOf),
      headers: headersOf(location === undefined ? answerHeaders : { ...answerHeaders, location }),
      content: contentOf(message),
      redirectURL: location ?? '',
      headersSize: unknown,
      bodySize: sizeOf(answerHeaders)
    },
    // How long it took to send and to receive is a part of this that nobody has measured.
    timings: { send: 0, wait: durationMs, receive: 0 }
  }
}

/** All that went over a socket. The request that opened it is not in the ledger. */
function socketOf (steps: Step[]): LabEntry {
  const [first, last] = [steps[0]!.message, steps.at(-1)!.message]
  const url = new URL(first.url)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  const time = last.at - first.at
  return {
    ...commonOf(steps),
    time,
    request: { method: 'GET', url: url.href, httpVersion: unknownVersion, cookies: [], headers: [], queryString: [], headersSize: unknown, bodySize: 0 },
    response: {
      status: 101,
      statusText: STATUS_CODES[101]!,
      httpVersion: unknownVersion,
      cookies: [],
      headers: [],
      content: { size: 0, mimeType: 'x-unknown' },
      redirectURL: '',
      headersSize: unknown,
      bodySize: 0
    },
    timings: { send: 0, wait: 0, receive: time },
    _resourceType: 'websocket',
    _webSocketMessages: steps.map(({ message: { at, frame, parameters } }) => ({
      type: frame!.direction === 'in' ? 'send' : 'receive', time: at / 1_000, opcode: 1, data: JSON.stringify(objectOf(parameters))
    }))
  }
}

function commonOf (steps: Step[]) {
  const { message, number } = steps[0]!
  const faults = steps.flatMap(({ message }) => message.faults)
  const failed = steps.flatMap(failuresOf)
  return {
    pageref: page,
    startedDateTime: dateOf(message.at),
    cache: {},
    comment: `${number}. ${message.story}`,
    _from: message.from,
    _to: message.to,
    ...(faults.length > 0 && { _faults: faults }),
    ...(failed.length > 0 && { _failedChecks: failed })
  }
}

const dateOf = (ms: number) => new Date(ms).toISOString()

/** What was sent as a query or a body, and not as a header. */
function sentValues ({ parameters, requestHeaders }: PresentedMessage): PresentedValue[] {
  const [scheme] = (textOf(requestHeaders['authorization']) ?? '').toLowerCase().split(' ', 1)
  const byHeader = new Set([
    'token_endpoint_auth_method', 'dpop', ...(scheme === 'basic' ? ['client_id', 'client_secret'] : scheme ? ['access_token'] : [])
  ])
  return parameters.filter(({ name }) => !byHeader.has(name))
}

function postDataOf ({ requestHeaders }: PresentedMessage, sent: PresentedValue[]): PostData | undefined {
  const mimeType = textOf(requestHeaders['content-type'])
  if (mimeType === undefined) return undefined
  if (mimeType.startsWith('application/json')) return { mimeType, text: JSON.stringify(objectOf(sent)) }
  return { mimeType, text: formOf(sent) }
}

/** Where a redirect leads: the header is recorded without the values of its parameters, which are recorded by themselves. */
function locationOf ({ answer, answerHeaders }: PresentedMessage): string | undefined {
  const header = textOf(answerHeaders['location'])
  const [place, ...parameters] = answer
  if (header === undefined || place?.name !== 'location') return undefined
  const values = formOf(parameters)
  return `${String(place.value)}${values === '' ? '' : header.includes('?') ? `?${values}` : `#${values}`}`
}

function contentOf ({ answer, answerHeaders }: PresentedMessage): Entry['response']['content'] {
  const mimeType = textOf(answerHeaders['content-type']) ?? 'x-unknown'
  const body = answer.find(({ name }) => name === 'body')
  const text = body ? String(body.value) : /[/+]json\b/.test(mimeType) ? JSON.stringify(objectOf(answer)) : undefined
  return { size: sizeOf(answerHeaders), mimeType, ...(text !== undefined && { text, comment: 'put together from what the ledger keeps' }) }
}

/** Members that the ledger has by both names, `oauth.code`, and objects and lists that it has as their JSON, as they were. */
function objectOf (values: PresentedValue[]): Record<string, unknown> {
  const whole: Record<string, unknown> = {}
  for (const { name, value } of values) {
    const [, outer, inner] = /^(\w+)\.(.+)$/s.exec(name) ?? []
    const place = outer === undefined ? whole : (whole[outer] ??= {}) as Record<string, unknown>
    place[inner ?? name] = memberOf(value)
  }
  return whole
}

function memberOf (value: RecordedValue): unknown {
  if (typeof value !== 'string' || !/^[[{]/.test(value)) return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

const pairOf = ({ name, value }: PresentedValue): QueryString => ({ name, value: String(value) })

const formOf = (values: PresentedValue[]) => String(new URLSearchParams(values.map(({ name, value }): [string, string] => [name, String(value)])))

const headersOf = (headers: PresentedMessage['requestHeaders']): Header[] =>
  Object.entries(headers).flatMap(([name, values]) => [values].flat().map(value => ({ name, value })))

const textOf = (header: string | string[] | undefined) => [header].flat()[0]

const sizeOf = (headers: PresentedMessage['requestHeaders']) => Number(textOf(headers['content-length']) ?? unknown)

/** Of a `Set-Cookie` header. */
function cookieOf (header: string): Cookie {
  const [pair, ...attributes] = cookiesOf(header)
  const of = (wanted: string) => attributes.find(({ name }) => name.toLowerCase() === wanted)
  return {
    ...pair!,
    ...(of('path') && { path: of('path')!.value }),
    ...(of('domain') && { domain: of('domain')!.value }),
    httpOnly: of('httponly') !== undefined,
    secure: of('secure') !== undefined
  }
}
