import { SignInError } from './errors.ts'

// Going on to one of these would start another sign-in, and so on for ever.
const partsOfTheFlow = /^\/(login|logout|callback|messenger)(\/|$)/

/**
 * Where to go after signing in: a path of this application, with query and fragment.
 *
 * It is parsed as a browser would, because browsers see `/\host`, `/<tab>/host` and the like as another host.
 *
 * @throws {SignInError} when it leads elsewhere, or into the flow itself
 */
export function checkReturnTo (returnTo: string | undefined, app: string): string {
  if (returnTo === undefined || returnTo === '') return '/'
  if (!returnTo.startsWith('/')) throw new SignInError('return_to_refused')
  return checkUrl(returnTo, app)
}

/**
 * The same for a whole URL, as a third party gives it that starts a sign-in.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#ThirdPartyInitiatedLogin
 */
export function checkTargetLink (target: string | undefined, app: string): string {
  return target === undefined || target === '' ? '/' : checkUrl(target, app)
}

function checkUrl (text: string, app: string): string {
  const { origin } = new URL(app)
  const url = URL.parse(text, app)
  // The origin of a blob: URL is that of the page that has made it.
  const inside = url && url.origin === origin && /^https?:$/.test(url.protocol) && !url.username && !url.password
  if (!inside || url.pathname.startsWith('//') || partsOfTheFlow.test(decoded(url.pathname))) {
    throw new SignInError('return_to_refused')
  }
  return url.pathname + url.search + url.hash
}

/** The path as a router reads it; malformed, it is none that is here. */
function decoded (pathname: string): string {
  try {
    return decodeURIComponent(pathname)
  } catch {
    throw new SignInError('return_to_refused')
  }
}
