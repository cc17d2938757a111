import type { Provider } from 'oidc-provider'
import type { Logger } from '#lib/server/http-server.ts'

/** A sign-out goes on when a client cannot be told of it (oidc-provider waits 2.5 s), so at least the log knows. */
export function logBackChannelLogout (provider: Provider, log: Logger): void {
  provider.on('backchannel.error', (_ctx, error, client) => {
    log.warn(`the back-channel logout of ${client.clientId} failed: ${causeOf(error)}`)
  })
}

const causeOf = (error: Error) => error.cause instanceof Error ? `${error.message}, ${error.cause.message}` : error.message
