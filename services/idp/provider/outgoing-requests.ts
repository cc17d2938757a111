import type { Configuration } from 'oidc-provider'
import { createPlainFetch } from '#lib/outbound/plain-fetch.ts'

/** How oidc-provider sends a request of its own. */
export type Send = NonNullable<Configuration['fetch']>

// Whoever registers as a client says where to ask; keys, or a word about a logout token, are less.
const fetch = createPlainFetch({ maxBytes: 256 * 1024 })

/**
 * Sends what the provider has to say or to ask: logout tokens, and questions for the keys of clients. It reads the answer
 * whole, but no more than an answer can be, and goes where it was sent and nowhere else. Without oidc-provider's protection
 * of private addresses, since a lab has no others.
 */
export const send: Send = async (input, { method = 'GET', headers = {}, body, signal } = {}) =>
  await fetch(input instanceof Request ? input.url : input, {
    method, headers: new Headers(headers), body: body as URLSearchParams | undefined, signal: signal ?? undefined
  })
