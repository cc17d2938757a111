import { endOf, type Message } from './message.ts'

/**
 * A leg that no ledger of the lab has: the browser brings the provider's answer to an application outside the lab. That it was sent
 * there is what the redirect says; whether it has arrived nobody here knows.
 *
 * @param origins of the lab's services: what goes there is in their ledgers
 */
export function inferredLegOf (redirect: Message, origins: ReadonlySet<string>): Message | undefined {
  const { service, client_id: client, answer: { location, ...answer } } = redirect
  if (service !== 'idp' || typeof location !== 'string' || !('code' in answer || 'error' in answer)) return undefined
  const target = URL.parse(location)
  if (!target || origins.has(target.origin)) return undefined
  const end = endOf(redirect)
  return {
    ...redirect,
    key: `${redirect.key}/inferred`,
    isInferred: true,
    at: end,
    durationMs: 0,
    from: 'browser',
    to: client ?? 'application',
    method: 'GET',
    endpoint: 'redirect',
    path: target.pathname,
    parameters: answer,
    answer: {},
    requestHeaders: { host: target.host },
    answerHeaders: {},
    faults: [],
    violations: []
  }
}
