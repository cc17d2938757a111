import type { EventEmitter } from 'node:events'
import type { errors, KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Logger } from '#lib/server/http-server.ts'
import { FaultInstead } from '../../faults/apply-faults.ts'

/**
 * Have the log say why somebody was refused, at the level `info`, since a stack is no reason.
 *
 * @param isRemoved whether the realm has been removed meanwhile: what then fails, is to
 */
export function logRefusals (provider: Provider, { log, isRemoved }: { log: Logger, isRemoved: () => boolean }): void {
  const refused = (ctx: KoaContextWithOIDC, error: errors.OIDCProviderError) => {
    const client = ctx.oidc.client?.clientId ?? 'a client that is not known'
    log.info(
      `refused ${client} at ${ctx.path}: ${error.error}, ${error.error_detail ?? error.error_description ?? error.message}`)
  }
  provider.on('authorization.error', refused)
  provider.on('pushed_authorization_request.error', refused)
  provider.on('device_authorization.error', refused)
  provider.on('code_verification.error', refused)
  provider.on('device_resume.error', refused)
  provider.on('grant.error', refused)
  provider.on('introspection.error', refused)
  provider.on('revocation.error', refused)
  provider.on('userinfo.error', refused)
  provider.on('end_session.error', refused)
  provider.on('end_session_confirm.error', refused)
  provider.on('registration_create.error', refused)
  provider.on('registration_update.error', refused)
  provider.on('server_error', (_ctx, err) => {
    if (!(err instanceof FaultInstead) && !isRemoved()) log.error({ err }, 'the provider failed')
  })
  // Where nobody listens, Koa prints the stack.
  ;(provider as EventEmitter).on('error', (error: Error) => { log.info(`an answer was not sent: ${error.message}`) })
}
