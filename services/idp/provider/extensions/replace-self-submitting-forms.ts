import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Clients } from '../../clients/registered-clients.ts'
import { allowFormsOf } from '../content-security-policy.ts'
import type { ProviderPages } from '../provider-pages.ts'

/**
 * Three of oidc-provider's answers are forms that a script in them submits. Here a person does, as no page has a script.
 */
export function replaceSelfSubmittingForms (provider: Provider, pages: ProviderPages, clients: Clients): void {
  provider.use(async (context, next) => {
    await next()
    if (!context.oidc || !context.response.is('html')) return
    const ctx = context as KoaContextWithOIDC
    const page = await pageInstead(ctx, pages)
    if (page === undefined) return
    const { client, entities, params, session } = ctx.oidc
    const clientId = client?.clientId ?? entities.Interaction?.params['client_id'] ?? session?.state?.['clientId']
    const destination = params?.['redirect_uri'] ?? entities.Interaction?.params['redirect_uri'] ?? session?.state?.['postLogoutRedirectUri']
    allowFormsOf(ctx.res, clients.get(String(clientId)), destination)
    ctx.body = page
  })
}

async function pageInstead (ctx: KoaContextWithOIDC, pages: ProviderPages): Promise<string | undefined> {
  const { client, route, session } = ctx.oidc
  const form = formIn(String(ctx.body))
  if (ctx.oidc.params?.['response_mode'] === 'form_post' && form !== undefined) {
    return await pages.show('form-post', { title: 'Back to the application', client: client?.clientName, form })
  }
  if (ctx.status !== 200) return undefined
  const xsrf = String(session?.state?.['secret'])
  if (route === 'end_session' && !session?.accountId) return await pages.goOn('nobody signed in', xsrf)
  if (route !== 'resume' && route !== 'device_resume') return undefined
  const isSomebodyElse = session?.state?.['postLogoutRedirectUri'] === ctx.oidc.urlFor(route, ctx.params)
  return isSomebodyElse ? await pages.goOn('somebody else signed in', xsrf) : undefined
}

/**
 * The form that oidc-provider writes for the response mode `form_post`, up to where its button would be.
 *
 * @see https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html
 */
const formIn = (page: string): string | undefined =>
  /<title>Submitting Callback<\/title>[^]*(<form[^]*)<noscript>/.exec(page)?.[1]
