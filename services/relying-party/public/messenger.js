// Genesys Messenger with authentication: the deployment snippet and the AuthProvider plugin.
// Genesys Cloud Developer Center: "Authenticated Messenger", "Auth plugin", "AuthProvider plugin".

/** @typedef {import('./page.js').Session} Session */

/**
 * What the Messenger redeems for its own tokens (Developer Center, "AuthProvider plugin").
 * @typedef {object} AuthCode
 * @property {string} authCode
 * @property {string} redirectUri
 * @property {string} [nonce]
 * @property {string} [codeVerifier]
 * @property {string} [iss]
 */

/**
 * A command that the Messenger sends to the plugin.
 * @typedef {object} Command
 * @property {{ forceUpdate?: boolean }} [data]
 * @property {(result?: AuthCode) => void} resolve
 * @property {(reason: unknown) => void} reject
 */

/**
 * The part used here of what `registerPlugin` hands over.
 * @typedef {object} Plugin
 * @property {(name: string) => Promise<unknown>} command
 * @property {(name: string) => unknown} data
 * @property {(name: string, handler: (e: Command) => void) => void} registerCommand
 * @property {(name: string, listener: () => void) => void} subscribe
 * @property {() => void} ready
 */

/**
 * @typedef {object} MessengerOptions
 * @property {() => Promise<Session>} loadSession  asks the server, so that the answer is never stale
 * @property {(available: boolean) => void} onAvailability
 */

/** @typedef {{ environment: string, deploymentId: string }} SnippetConfig */

/**
 * @typedef {Window & {
 *   _genesysJs?: string,
 *   Genesys: {
 *     (method: 'registerPlugin', name: string, register: (plugin: Plugin) => void): void,
 *     q?: IArguments[],
 *     t?: number,
 *     c?: SnippetConfig
 *   }
 * }} GenesysWindow
 */

/** localStorage: the `sub` of the person for whom the Messenger last got a code. */
const OWNER = 'messenger-owner'

/** sessionStorage: when this tab last left to fetch a code that the Messenger has not accepted yet. */
const LAST_TRIP = 'messenger-last-trip'

/** @type {Promise<void> | undefined} */
let started

/** @type {MessengerOptions} */
let page

/** @type {Plugin | undefined} */
let authProvider

let loggingOut = false

/** @type {Promise<AuthCode | undefined> | undefined} */
let pendingCode

/**
 * Loads the Messenger, once per page.
 * @param {MessengerOptions} options
 */
export function startMessenger (options) {
  page = options
  started ??= start().catch(() => page.onAvailability(false))
  return started
}

async function start () {
  const response = await fetch('/messenger/config')
  if (!response.ok) throw new Error(`GET /messenger/config was answered with ${response.status}`)
  const { scriptUrl, ...config } = /** @type {SnippetConfig & { scriptUrl: string }} */ (await response.json())
  embed(/** @type {GenesysWindow} */ (/** @type {unknown} */ (window)), scriptUrl, config)
}

/**
 * @param {GenesysWindow} window
 * @param {string} scriptUrl
 * @param {SnippetConfig} config
 */
function embed (window, scriptUrl, config) {
  /**
   * The deployment snippet that Genesys Cloud Admin hands out (Messenger Deployments), only laid out and typed.
   * @type {(g: GenesysWindow, e: 'Genesys', n: string, es: SnippetConfig, ys?: HTMLScriptElement) => void}
   */
  (function (g, e, n, es, ys) {
    g._genesysJs = e
    g[e] = g[e] || function () {
      (g[e].q = g[e].q || []).push(arguments)
    }
    g[e].t = Date.now()
    g[e].c = es
    ys = document.createElement('script')
    ys.async = true
    ys.src = n
    ys.charset = 'utf-8'
    document.head.appendChild(ys)
  })(window, 'Genesys', scriptUrl, config)

  // Directly after the snippet: a plugin that is registered later can miss the Messenger's first question.
  window.Genesys('registerPlugin', 'AuthProvider', registerAuthProvider)

  const script = Array.from(document.scripts).find((element) => element.getAttribute('src') === scriptUrl)
  script?.addEventListener('error', () => page.onAvailability(false))
}

/** @param {Plugin} AuthProvider */
function registerAuthProvider (AuthProvider) {
  authProvider = AuthProvider

  // Called as often as the Messenger likes.
  AuthProvider.registerCommand('getAuthCode', async (e) => {
    try {
      if (e.data?.forceUpdate) {
        leaveForCode(`/messenger/login?${returnTo()}`)
        e.resolve()
      } else {
        pendingCode ??= fetchAuthCode().finally(() => { pendingCode = undefined })
        e.resolve(await pendingCode)
      }
    } catch (error) {
      e.reject(error)
    }
  })

  // Resolves with nothing: the old code is spent, and after the redirect the Messenger asks for the new one.
  AuthProvider.registerCommand('reAuthenticate', async (e) => {
    try {
      const session = await page.loadSession()
      if (session.authenticated) leaveForCode(`/messenger/login?${returnTo()}`)
      else location.assign(`/login?${returnTo()}`)
      e.resolve()
    } catch (error) {
      e.reject(error)
    }
  })

  AuthProvider.subscribe('Auth.ready', () => {
    page.loadSession().then(checkOwner).catch(() => {})
  })

  AuthProvider.subscribe('Auth.authenticated', () => {
    sessionStorage.removeItem(LAST_TRIP)
    page.onAvailability(true)
  })

  AuthProvider.subscribe('Auth.authError', () => page.onAvailability(false))

  // Raised in every tab and on every device of the person. Whoever signs out there logs the Messenger out first and
  // ends the session a moment later, so look a moment later too.
  AuthProvider.subscribe('Auth.loggedOut', () => {
    if (!loggingOut) setTimeout(() => page.loadSession().catch(() => {}), 2_000)
  })

  AuthProvider.ready()
}

/**
 * A code works once, so it is never kept here: every call gets a new one from the server, together with the
 * redirect URI, nonce and code verifier of the request it belongs to.
 */
async function fetchAuthCode () {
  const session = await page.loadSession()
  if (!session.authenticated || loggingOut) throw new Error('Nobody is signed in')

  const response = await fetch(`/messenger/auth-code?${returnTo()}`, {
    method: 'POST',
    headers: { 'csrf-token': session.csrfToken }
  })
  if (!response.ok && response.status !== 409) {
    page.onAvailability(false)
    throw new Error(`POST /messenger/auth-code was answered with ${response.status}`)
  }
  /** @type {AuthCode & { error?: string, location: string }} */
  const answer = await response.json()
  if (answer.error === 'code_required') {
    leaveForCode(answer.location)
    return undefined
  }
  localStorage.setItem(OWNER, session.user.sub)
  return answer
}

/**
 * The identity provider may refuse to issue a code, or Genesys to accept it. Without a limit the page would then
 * redirect for ever.
 * @param {string} url
 */
function leaveForCode (url) {
  if (Date.now() - Number(sessionStorage.getItem(LAST_TRIP)) < 60_000) {
    page.onAvailability(false)
    throw new Error('The last redirect for a code did not help')
  }
  sessionStorage.setItem(LAST_TRIP, String(Date.now()))
  location.assign(url)
}

/**
 * The Messenger's tokens lie in localStorage and outlive the session of the page. Without this check the next person
 * at this browser would see the conversation of the last one.
 * @param {Session} session
 */
export async function checkOwner (session) {
  if (!authProvider?.data('Auth.authenticated')) return
  if (session.authenticated && session.user.sub === localStorage.getItem(OWNER)) return

  try {
    await logOut()
  } catch {
    // Rather no chat than somebody else's.
    authProvider.command('Messenger.close').catch(() => {})
    authProvider.command('Launcher.hide').catch(() => {})
    page.onAvailability(false)
    return
  } finally {
    loggingOut = false
  }
  if (session.authenticated) authProvider.command('Auth.getTokens').catch(() => {})
}

/** To be called before the page signs out. Succeeds in any case, so that a Messenger in trouble keeps nobody in. */
export async function logOutMessenger () {
  try {
    await logOut()
  } catch {
    // The tokens that remain are dealt with by checkOwner when the page is loaded again.
  }
}

async function logOut () {
  loggingOut = true
  if (!authProvider?.data('Auth.authenticated')) return
  const timeout = new Promise((_resolve, reject) => {
    setTimeout(reject, 3_000, new Error('Auth.logout takes too long'))
  })
  await Promise.race([authProvider.command('Auth.logout'), timeout])
  localStorage.removeItem(OWNER)
}

function returnTo () {
  return new URLSearchParams({ return_to: location.pathname + location.search })
}
