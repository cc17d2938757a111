import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'

const confirmed = new WeakMap<IncomingMessage, string>()

/**
 * Whether nobody has to be asked before they are signed out: a first-party client asks for it, and shows by an ID token that
 * it is about the one who is signed in, and about this very session of theirs.
 *
 * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout
 */
function isUnasked ({ oidc: { client, entities, session } }: KoaContextWithOIDC): boolean {
  const hint = entities.IdTokenHint?.payload
  return client?.['first_party'] === true && session?.accountId !== undefined && session.accountId === hint?.sub &&
    session.sidFor(client.clientId) === hint['sid']
}

/**
 * Leave the question out where it is none: what would show it is not sent, see `confirmationOf`. To be called before what else
 * changes the answer.
 *
 * @param options.ofAll whether nobody is ever asked, as with some products
 */
export function leaveOutSignOutQuestion (provider: Provider, { ofAll }: { ofAll: boolean }): void {
  provider.use(async (ctx, next) => {
    await next()
    // HEAD is for who looks whether there is something: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1
    const isQuestion = ctx.oidc?.route === 'end_session' && ctx.status === 200 && ctx.method === 'GET'
    if (!isQuestion || !(ofAll ? ctx.oidc.session?.accountId !== undefined : isUnasked(ctx as KoaContextWithOIDC))) return
    confirmed.set(ctx.req, String(ctx.oidc.session!.state!['secret']))
    ctx.respond = false
  })
}

/**
 * What the person would have sent from the page with the question, for a request that was answered without showing it.
 *
 * @param path of the issuer
 */
export function confirmationOf (request: IncomingMessage, path: string): IncomingMessage | undefined {
  const xsrf = confirmed.get(request)
  if (xsrf === undefined) return undefined
  const form = Buffer.from(String(new URLSearchParams({ xsrf, logout: 'yes' })))
  const headers = {
    ...request.headers, 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(form.length)
  }
  const url = '/session/end/confirm'
  // The same request in all else, so that what is noted about one is noted about the other.
  return Object.create(request, Object.fromEntries(Object.entries({
    method: 'POST',
    url,
    originalUrl: path + url,
    headers,
    readable: true,
    iterator: () => Readable.from([form])
  }).map(([name, value]) => [name, { value, writable: true }]))) as IncomingMessage
}
