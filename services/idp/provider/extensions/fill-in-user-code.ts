import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { allowForms } from '../content-security-policy.ts'
import { codePage, xsrfOf, type ShowDevicePage } from '../device-flow.ts'

/**
 * The address with the code in it, e.g. of a QR code, shows the form filled in and is sent by a person, where
 * oidc-provider has a script do that.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.3.1
 */
export function fillInUserCode (provider: Provider, show: ShowDevicePage): void {
  provider.use(async (ctx, next) => {
    await next()
    if (ctx.oidc?.route !== 'code_verification' || ctx.method !== 'GET' || ctx.status !== 200) return
    const userCode = ctx.oidc.params?.['user_code']
    if (userCode === undefined) return
    allowForms(ctx.res)
    const known = typeof userCode === 'string' ? userCode : ''
    ctx.body = await show('device-code', codePage(xsrfOf(ctx as KoaContextWithOIDC), known, undefined))
  })
}
