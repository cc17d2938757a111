import type { Cookie as KeptCookie } from 'tough-cookie'
import type { ControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { ScriptlessBrowser, wordsOf } from '../../services/lib/browser/scriptless-browser.ts'

/** A cookie as Playwright takes it. */
export interface Cookie {
  name: string
  value: string
  domain: string
  path: string
  /** in epoch seconds; -1 for as long as the browser is open */
  expires: number
  httpOnly: boolean
  secure: boolean
  sameSite: 'Lax' | 'None' | 'Strict'
}

/** What Playwright's `storageState` takes. */
export interface StorageState {
  cookies: Cookie[]
  origins: never[]
}

export interface SignedInOptions {
  /**
   * address at which a sign-in begins at the application. Where the application keeps its session elsewhere than in cookies, as one
   * without a server of its own may, what comes back is the provider's cookies alone
   */
  through?: string
  /** the level that the user has signed in with, and how */
  acr?: string
  amr?: string[]
  /** how long ago */
  secondsAgo?: number
}

/**
 * The cookies of a browser in which a user is signed in.
 *
 * @internal
 * @throws {Error} where the application's own sign-in ends at a page of the provider, such as for consent, or with an error
 */
export async function signedIn (api: ControlApiClient, username: string, { through, ...options }: SignedInOptions): Promise<StorageState> {
  if (through === undefined) return api.sessions.signIn(username, options)
  const browser = await signInBrowser(api, username, { through, ...options })
  return { cookies: (await browser.cookies()).map(asPlaywrightHasIt), origins: [] }
}

/**
 * Sign a user in without a page and, where `through` is given, follow the application's own sign-in as a browser does.
 *
 * @internal
 * @throws {Error} where that ends at a page of the provider, such as for consent, or with an error
 */
export async function signInBrowser (api: ControlApiClient, username: string, { through, ...options }: SignedInOptions): Promise<ScriptlessBrowser> {
  const browser = new ScriptlessBrowser()
  await browser.take((await api.sessions.signIn(username, options)).cookies, api.issuer)
  if (through === undefined) return browser
  const page = await browser.open(through)
  if (page.status >= 400 || page.url.startsWith(`${api.issuer}/`)) {
    const { origin, pathname } = new URL(page.url)
    throw new Error(`The sign-in ended with ${page.status} at ${origin}${pathname}, by way of ${browser.way}: ${wordsOf(page).slice(0, 300)}`)
  }
  return browser
}

function asPlaywrightHasIt ({ key, value, domain, path, expires, httpOnly, secure, sameSite }: KeptCookie): Cookie {
  return {
    name: key,
    value,
    domain: domain ?? '',
    path: path ?? '/',
    expires: expires instanceof Date ? Math.round(expires.getTime() / 1000) : -1,
    httpOnly,
    secure,
    sameSite: sameSite === 'strict' ? 'Strict' : sameSite === 'none' ? 'None' : 'Lax'
  }
}
