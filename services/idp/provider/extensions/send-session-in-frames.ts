import type { KoaContextWithOIDC, Provider } from 'oidc-provider'

/**
 * The name of the copy that is meant for frames.
 *
 * @param name of the session cookie or of its signature
 */
export const nameInFrames = (name: string): string => name.replace('_session', '_session_in_frames')

/**
 * Let a page of another site ask in a hidden frame, with `prompt=none`, whether somebody is signed in: the session cookie
 * is SameSite=Lax, which browsers keep from such frames, so it is set a second time with SameSite=None. That one has to be
 * Secure, and over http Safari, for one, refuses it even from localhost; nobody needs it to sign in, so there are two.
 *
 * Lax is also what keeps other sites from acting in somebody's name, and the copy must not undo that. So it counts for
 * nothing but reading who is signed in: a GET of the authorization endpoint that shows no page, whose answer goes to a
 * redirect URI of the client. Forms, pages and the sign-out go by the Lax cookie alone.
 *
 * @see https://web.dev/articles/samesite-cookie-recipes#handle-incompatible-clients
 */
export function sendSessionInFrames (provider: Provider): void {
  const name = provider.cookieName('session')
  const names = [name, `${name}.sig`]
  const isOfSession = (cookie: string) => names.includes(cookie.split('=', 1)[0]!)

  provider.use(async (ctx, next) => {
    const inFrame = isSilentRequest(ctx, provider) && cookieOf(ctx, name) === undefined
    if (inFrame) readCopies(ctx, names)
    await next()

    const cookies = [ctx.res.getHeader('set-cookie') ?? []].flat().map(String)
    // A browser would not take the Lax cookie in a frame. With the copy alone renewed, one would outlive the other.
    const answered = inFrame
      ? cookies.filter(cookie => !isOfSession(cookie))
      : [...cookies, ...cookies.filter(isOfSession).map(copyForFrames)]
    if (answered.length !== cookies.length) ctx.set('set-cookie', answered)
  })
}

type Context = Parameters<Parameters<Provider['use']>[0]>[0] | KoaContextWithOIDC

/**
 * Whether a request asks for an answer without a page. Of one that was pushed, or is a signed object, that is known only
 * later; if it wants a page after all, no browser shows that in a frame, and the sign-in does not begin in one either, as
 * its cookies are Lax and have no copy.
 */
function isSilentRequest (ctx: Context, provider: Provider): boolean {
  const { prompt, request, request_uri: requestUri } = ctx.query
  return ctx.method === 'GET' && ctx.path === provider.pathFor('authorization', { mountPath: '' }) &&
    (prompt === 'none' || request !== undefined || requestUri !== undefined)
}

function readCopies (ctx: Context, names: string[]): void {
  const copies = names.flatMap(name => {
    const value = cookieOf(ctx, nameInFrames(name))
    return value === undefined ? [] : [`${name}=${value}`]
  })
  // In front of what is there: of two cookies with one name the first is read.
  if (copies.length > 0) ctx.req.headers.cookie = [...copies, ctx.get('cookie')].join('; ')
}

// Of the signature oidc-provider itself makes sure.
const cookieOf = (ctx: Context, name: string): string | undefined => ctx.cookies.get(name, { signed: false })

function copyForFrames (cookie: string): string {
  const [pair = '', ...attributes] = cookie.split('; ')
  const others = attributes.filter(attribute => !/^(samesite=.*|secure)$/i.test(attribute))
  return [nameInFrames(pair), ...others, 'samesite=none', 'secure'].join('; ')
}
