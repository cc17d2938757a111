import type { Configuration, ErrorOut, KoaContextWithOIDC } from 'oidc-provider'
import type { Accounts } from '../accounts/accounts.ts'
import { displayName } from '../accounts/users.ts'
import { allowForms } from './content-security-policy.ts'

/** The templates of the device flow, with what they show. */
export interface DevicePages {
  'device-code': { title: string, xsrf: string, userCode: string, refusal: string | undefined }
  'device-confirm': { title: string, xsrf: string, userCode: string, client: string, user: string | undefined }
  'device-done': { title: string, meaning: string }
}

/** Renders one of them. */
export type ShowDevicePage = <Template extends keyof DevicePages>(template: Template, page: DevicePages[Template]) => Promise<string>

// The names of oidc-provider's errors for a code that was typed in.
const refusals: Record<string, string | undefined> = {
  NoCodeError: 'Type the code that your device shows.',
  NotFoundError: 'There is no such code. Compare it with the one that your device shows.',
  ExpiredError: 'That code has expired. Have the device show a new one.',
  AlreadyUsedError: 'That code has been used. Have the device show a new one.'
}

/** The field `xsrf` of their forms. */
export const xsrfOf = (ctx: KoaContextWithOIDC): string => String(ctx.oidc.session?.state?.['secret'])

/**
 * The device flow: a device shows a code, and a person types it in here, in a browser.
 *
 * @param keepSession the form of a refusal works by the session, and where none was there before, oidc-provider has looked
 *   already whether it is one to keep
 * @see https://www.rfc-editor.org/rfc/rfc8628
 */
export function deviceFlow (show: ShowDevicePage, accounts: Accounts, keepSession: (ctx: KoaContextWithOIDC) => Promise<void>) {
  return {
    deviceFlow: {
      enabled: true,
      charset: 'base-20',
      mask: '****-****',

      userCodeInputSource: async (ctx, _form, out, error) => {
        ctx.type = 'html'
        if (error?.name === 'AbortedError') {
          const meaning = 'The device gets nothing. You can close this page.'
          ctx.body = await show('device-done', { title: 'Not connected', meaning })
          return
        }
        if (error && refusals[error.name]) ctx.status = 422
        if (error) await keepSession(ctx)
        allowForms(ctx.res)
        const userCode = String((error as { userCode?: string } | undefined)?.userCode ?? '')
        ctx.body = await show('device-code', codePage(xsrfOf(ctx), userCode, error && wordsFor(error, out)))
      },

      userCodeConfirmSource: async (ctx, _form, client, _deviceInfo, userCode) => {
        const user = accounts.find(ctx.oidc.session?.accountId ?? '')
        allowForms(ctx.res)
        ctx.type = 'html'
        ctx.body = await show('device-confirm', {
          title: 'Connect a device',
          xsrf: xsrfOf(ctx),
          userCode,
          client: client.clientName ?? client.clientId,
          user: user && displayName(user)
        })
      },

      successSource: async ctx => {
        const { clientName, clientId } = ctx.oidc.client!
        ctx.type = 'html'
        ctx.body = await show('device-done', {
          title: 'Connected',
          meaning: `You are signed in to ${clientName ?? clientId} on your device. You can close this page.`
        })
      }
    }
  } satisfies Configuration['features']
}

/** What the page shows where the code is typed in. */
export const codePage = (xsrf: string, userCode: string, refusal: string | undefined): DevicePages['device-code'] =>
  ({ title: 'Connect a device', xsrf, userCode, refusal })

const wordsFor = (error: Error, out: ErrorOut | undefined) => refusals[error.name] ??
  `This did not work (${out?.error_description ?? out?.error ?? error.message}). ` +
  'Type the code again, or have the device show another.'
