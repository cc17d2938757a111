import { basePathOf } from '#lib/server/request-target.ts'
import { Refusal } from './refusal.ts'

// Going on to one of these would start another sign-in, and so on for ever.
const partsOfTheFlow = /^\/(login|logout|callback|messenger)(\/|$)/

// Encoded, as it stands in addresses on the way: there are proxies that take no line of more than 8,000 characters.
const maxLength = 6_000

/**
 * Where to go after signing in: the path of a page of this application, with query and fragment. What the application itself
 * is below is in it, as in a browser's address.
 *
 * It is parsed as a browser would, because browsers see `/\host`, `/<tab>/host` and the like as another host.
 *
 * @returns the way home where it is too long to be kept
 * @throws {Refusal} when it leads elsewhere, or into the flow itself
 */
export function checkReturnTo (returnTo: string | undefined, app: string): string {
  if (returnTo === undefined || returnTo === '') return home(app)
  if (!returnTo.startsWith('/')) throw new Refusal('return_to_refused')
  return checkUrl(returnTo, app)
}

/**
 * The same for a whole URL, as a third party gives it that starts a sign-in.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#ThirdPartyInitiatedLogin
 */
export function checkTargetLink (target: string | undefined, app: string): string {
  return target === undefined || target === '' ? home(app) : checkUrl(target, app)
}

function checkUrl (text: string, app: string): string {
  if (text.length > maxLength) return home(app)
  const { origin } = new URL(app)
  const url = URL.parse(text, app)
  // The origin of a blob: URL is that of the page that has made it.
  const inside = url && url.origin === origin && /^https?:$/.test(url.protocol) && !url.username && !url.password
  const path = inside ? below(basePathOf(app), url.pathname) : undefined
  if (!url || path === undefined || path.startsWith('//') || partsOfTheFlow.test(decoded(path))) {
    throw new Refusal('return_to_refused')
  }
  const returnTo = url.pathname + url.search + url.hash
  return encodeURIComponent(returnTo).length > maxLength ? home(app) : returnTo
}

/** The URL of what `checkReturnTo` and `checkTargetLink` give. */
export const urlOf = (returnTo: string, app: string): string => new URL(app).origin + returnTo

const home = (app: string) => `${basePathOf(app)}/`

function below (basePath: string, pathname: string): string | undefined {
  if (pathname === basePath) return '/'
  return pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length) : undefined
}

/** The path as a router reads it; malformed, it is none that is here. */
function decoded (pathname: string): string {
  try {
    return decodeURIComponent(pathname)
  } catch {
    throw new Refusal('return_to_refused')
  }
}
