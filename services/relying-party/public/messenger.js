// Genesys Messenger with authentication: the deployment snippet and the AuthProvider plugin.
// Genesys Cloud Developer Center: "Authenticated Messenger", "Auth plugin", "AuthProvider plugin".

import { addressOf, messengerSignInUrl } from './addresses.js'
import { CodeRefused, fetchAuthCode } from './auth-code.js'
import { storage } from './browser-storage.js'
import { codeIsAccepted, renewCode, takeCode } from './next-code.js'
import { signInUrl } from './session.js'
import { signInByWindow } from './sign-in-window.js'
import { fetchCodeSilently, needsRedirect } from './silent-code.js'

/** @typedef {import('./auth-code.js').AuthCode} AuthCode */
/** @typedef {import('./genesys-types.js').Deployment} Deployment */
/** @typedef {import('./genesys-types.js').GenesysWindow} GenesysWindow */
/** @typedef {import('./genesys-types.js').Plugin} Plugin */
/** @typedef {import('./genesys-types.js').SnippetConfig} SnippetConfig */
/** @typedef {import('./session.js').Session} Session */

/** @typedef {'sign-in-first' | 'step-up' | 'anonymous'} ChatManner */

/**
 * @typedef {object} MessengerOptions
 * @property {Session} session  as the page has just loaded it
 * @property {() => Promise<Session>} loadSession  asks the server, so that the answer is never stale
 * @property {(available: boolean, reason?: string) => void} onAvailability  with the error code, where there is no code to be had
 * @property {(manner: ChatManner) => void} onDeployment  how its chat knows whom it is with
 * @property {() => void} onActivity  the person takes part in the conversation, which the page itself cannot see
 */

/** localStorage: the `sub` of the person for whom the Messenger last got a code. Its tokens are those of a deployment. */
let owner = 'messenger-owner'

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
  started ??= start().then(() => page.onAvailability(true), () => {
    started = undefined
    page.onAvailability(false)
  })
  return started
}

/** Asked for while the page still asks who is signed in. */
const firstConfig = fetchConfig().catch(() => undefined)

async function start () {
  const { scriptUrl, ...config } = await firstConfig ?? await fetchConfig()
  owner = `messenger-owner:${config.deploymentId}`
  embed(/** @type {GenesysWindow} */ (/** @type {unknown} */ (window)), scriptUrl, config)
}

/** @returns {Promise<SnippetConfig & { scriptUrl: string }>} */
async function fetchConfig () {
  const response = await fetch(addressOf('messenger/config'))
  if (!response.ok) throw new Error(`GET /messenger/config was answered with ${response.status}`)
  return await response.json()
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

  // What an agent sees beside the conversation: where the guest has been, as Genesys' Journey snippet tells it.
  window.Genesys('command', 'Journey.pageview', { pageTitle: document.title, pageLocation: location.href }, () => {}, () => {})
  window.Genesys('command', 'Journey.trackInViewport', {
    inViewportEvents: [{ selector: '#offers', eventName: 'offers_seen' }, { selector: '#facts', eventName: 'facts_seen' }]
  }, () => {}, () => {})

  // There is none where the deployment is not known, and that is all that anybody says of it.
  window.Genesys('command', 'GenesysJS.configuration', {}, (deployment) => {
    page.onDeployment(mannerOf(/** @type {Deployment} */ (deployment)))
  }, () => page.onAvailability(false, 'no_deployment'))

  const script = Array.from(document.scripts).find((element) => element.getAttribute('src') === scriptUrl)
  script?.addEventListener('error', () => page.onAvailability(false))
}

/**
 * @param {Deployment} deployment
 * @returns {ChatManner}
 */
function mannerOf ({ auth }) {
  if (!auth?.enabled) return 'anonymous'
  return auth.allowSessionUpgrade ? 'step-up' : 'sign-in-first'
}

/** @param {Plugin} AuthProvider */
function registerAuthProvider (AuthProvider) {
  authProvider = AuthProvider

  // Called as often as the Messenger likes.
  AuthProvider.registerCommand('getAuthCode', async (e) => {
    try {
      if (e.data?.forceUpdate) {
        await renewCode().catch(noteNoCode)
        e.resolve()
      } else {
        pendingCode ??= getAuthCode().finally(() => { pendingCode = undefined })
        e.resolve(await pendingCode)
      }
    } catch (error) {
      e.reject(error)
    }
  })

  // Resolves with nothing: the old code is spent, and the Messenger asks for the new one, after the redirect if there is one.
  AuthProvider.registerCommand('reAuthenticate', async (e) => {
    try {
      const session = await page.loadSession()
      if (session.authenticated) await renewCode().catch(noteNoCode)
      else location.assign(signInUrl())
      e.resolve()
    } catch (error) {
      e.reject(error)
    }
  })

  // While an anonymous conversation is on: the person signs in, and the page with the conversation stays where it is.
  AuthProvider.registerCommand('signIn', async (e) => {
    try {
      const code = await signInByWindow(fetchCodeForWindow)
      AuthProvider.publish('signedIn', code)
      e.resolve(code)
    } catch (error) {
      AuthProvider.publish('signInFailed', { message: String(error) })
      e.reject(error)
    }
  })

  AuthProvider.subscribe('Auth.ready', () => {
    checkOwner(page.session)
  })

  AuthProvider.subscribe('Auth.authenticated', () => {
    codeIsAccepted()
    page.onAvailability(true)
    // It may have been in another tab, or in the sign-in window.
    page.loadSession().catch(() => {})
  })

  AuthProvider.subscribe('Auth.authError', () => page.onAvailability(false))

  // The real Messenger is in frames of another origin, whose keys and pointer this page does not get to see.
  for (const event of ['Messenger.opened', 'MessagingService.clientTypingStarted', 'MessagingService.sendingMessage']) {
    AuthProvider.subscribe(event, () => page.onActivity())
  }
  // Whoever has the page in sight reads what comes in; an agent who writes to an empty chair is no sign of life.
  AuthProvider.subscribe('MessagingService.messagesReceived', () => {
    if (document.visibilityState === 'visible') page.onActivity()
  })

  // Raised in every tab and on every device of the person. Whoever signs out there logs the Messenger out first and
  // ends the session a moment later, so look a moment later too.
  AuthProvider.subscribe('Auth.loggedOut', () => {
    if (!loggingOut) setTimeout(() => page.loadSession().catch(() => {}), 2_000)
  })

  AuthProvider.ready()
}

async function getAuthCode () {
  const session = await page.loadSession()
  if (!session.authenticated || loggingOut) throw new Error('Nobody is signed in')
  const code = await takeCode(session).catch(noteNoCode)
  if (code) storage.set(owner, session.user.sub)
  return code
}

/**
 * @param {unknown} error
 * @returns {never}
 */
function noteNoCode (error) {
  page.onAvailability(false, error instanceof CodeRefused ? error.reason : undefined)
  throw error
}

/**
 * @param {import('./sign-in-window.js').Visitor} window
 * @param {string} returnTo
 * @param {number} visits
 */
async function fetchCodeForWindow (window, returnTo, visits) {
  const session = await page.loadSession()
  if (!session.authenticated) throw new Error('Nobody is signed in')
  if (visits === 1) {
    const outcome = await fetchCodeSilently(messengerSignInUrl(returnTo))
    if (needsRedirect(outcome)) {
      window.goTo(messengerSignInUrl(returnTo))
      return undefined
    }
    if (outcome !== 'code') throw new CodeRefused(outcome)
  }
  const { code, location } = await fetchAuthCode(session, returnTo)
  if (location !== undefined) window.goTo(location)
  if (!code) return undefined
  window.close()
  storage.set(owner, session.user.sub)
  return code
}

/**
 * The Messenger's tokens lie in localStorage and outlive the session of the page. Without this check the next person
 * at this browser would see the conversation of the last one.
 * @param {Session} session
 */
export async function checkOwner (session) {
  if (!authProvider?.data('Auth.authenticated')) return
  if (session.authenticated && session.user.sub === storage.get(owner)) return

  const loggedOut = logOut()
  try {
    await soon(loggedOut)
  } catch {
    // Rather no chat than somebody else's.
    const wasOpen = await authProvider.command('Messenger.close').then(() => true, () => false)
    authProvider.command('Launcher.hide').catch(() => {})
    page.onAvailability(false)
    if (!await loggedOut.then(() => true, () => false)) return
    await authProvider.command('Launcher.show').catch(() => {})
    if (wasOpen) authProvider.command('Messenger.open').catch(() => {})
    page.onAvailability(true)
  } finally {
    loggingOut = false
  }
  if (session.authenticated) authProvider.command('Auth.getTokens').catch(() => {})
}

/** To be called before the page signs out. Succeeds in any case, so that a Messenger in trouble keeps nobody in. */
export async function logOutMessenger () {
  try {
    await soon(logOut())
  } catch {
    // The tokens that remain are dealt with by checkOwner when the page is loaded again.
  }
}

async function logOut () {
  loggingOut = true
  if (!authProvider?.data('Auth.authenticated')) return
  // Before, as another tab may have got a code for the next person after it.
  storage.remove(owner)
  await authProvider.command('Auth.logout')
}

/** @param {Promise<void>} loggedOut */
async function soon (loggedOut) {
  await Promise.race([loggedOut, new Promise((_resolve, reject) => {
    setTimeout(reject, 3_000, new Error('Auth.logout takes too long'))
  })])
}
