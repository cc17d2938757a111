import { linkOf } from '#lib/ledger/links.ts'
import { messageOf, type Message, type Service } from '../../services/console/journeys/message.ts'

let lastId = 0

/** A message as a ledger has it, of which only what matters here is said. */
export function message (service: Service, endpoint: string, { at = ++lastId * 10, links = [], ...rest }: Partial<Message> = {}): Message {
  return messageOf(service, '', 'ledger', {
    id: ++lastId,
    time: new Date(at).toISOString(),
    at,
    from: 'browser',
    to: service,
    method: 'GET',
    endpoint,
    path: `/${endpoint}`,
    parameters: {},
    status: 200,
    answer: {},
    requestHeaders: {},
    answerHeaders: {},
    links: links.map(linkOf),
    faults: [],
    violations: [],
    durationMs: 1,
    ...rest
  })
}
