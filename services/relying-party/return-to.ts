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
  const { origin } = new URL(app)
  const url = returnTo.startsWith('/') ? URL.parse(returnTo, app) : null
  if (!url || url.origin !== origin || url.username || url.pathname.startsWith('//') || partsOfTheFlow.test(decoded(url.pathname))) {
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
