import type { Configuration, Provider } from 'oidc-provider'
import type { Logger } from '#lib/http-server.ts'
import { fetch } from '#lib/outbound.ts'

/** How oidc-provider sends a request of its own. */
export type Send = NonNullable<Configuration['fetch']>

/**
 * Sends what the provider has to say or to ask: logout tokens, and questions for the keys of clients. Without
 * oidc-provider's protection of private addresses, since a lab has no others.
 */
export const send: Send = async (input, init) => {
  const { dispatcher: _unused, ...options } = { dispatcher: undefined, ...init }
  return await fetch(input as string, options as Parameters<typeof fetch>[1]) as unknown as Response
}

/** A sign-out goes on when a client cannot be told of it (oidc-provider waits 2.5 s), so at least the log knows. */
export function logBackChannelLogout (provider: Provider, log: Logger): void {
  provider.on('backchannel.error', (_ctx, error, client) => {
    log.warn(`the back-channel logout of ${client.clientId} failed: ${causeOf(error)}`)
  })
}

const causeOf = (error: Error) => error.cause instanceof Error ? `${error.message}, ${error.cause.message}` : error.message
