import type { IncomingMessage } from 'node:http'
import type { errors, KoaContextWithOIDC, Provider } from 'oidc-provider'
import { httpExchangeOf } from '#lib/ledger/recorder.ts'

const contextKey = Symbol('oidc')

declare module 'node:http' {
  interface IncomingMessage { [contextKey]?: KoaContextWithOIDC }
}

/** What oidc-provider knows of a request that has come to it. */
export const contextOf = (request: IncomingMessage): KoaContextWithOIDC | undefined => request[contextKey]

/** Have oidc-provider show to the recorder what it knows of each request. */
export function observeProvider (provider: Provider): void {
  provider.use((ctx, next) => {
    ctx.req[contextKey] = ctx as KoaContextWithOIDC
    return next()
  })

  // What a page says instead of a redirect.
  provider.on('authorization.success', (ctx, response) => { noteAnswer(ctx, response ?? {}) })
  const noteError = (ctx: KoaContextWithOIDC, { error, error_description: description }: errors.OIDCProviderError) =>
    noteAnswer(ctx, { error, error_description: description })
  provider.on('authorization.error', noteError)
  provider.on('end_session.error', noteError)
  provider.on('end_session_confirm.error', noteError)
  provider.on('code_verification.error', noteError)
  provider.on('device_resume.error', noteError)
}

function noteAnswer (ctx: KoaContextWithOIDC, answer: Record<string, unknown>) {
  const httpExchange = httpExchangeOf(ctx.req)
  if (httpExchange) httpExchange.answer = answer
}
