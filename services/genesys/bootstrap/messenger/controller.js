import { ConversationEvents } from './conversation-events.js'
import { pick } from './content.js'
import { Drafts } from './drafts.js'
import { Expiry } from './expiry.js'
import { demandsSignIn, SignIn } from './sign-in.js'
import { Transcript } from './transcript.js'
import { Uploads } from './uploads.js'
import { MessengerWindow } from './window.js'
import { WindowState } from './window-state.js'
import { CLEAR_FAILED, HISTORY_FAILED } from './words.js'

/** @import { Plugin, PluginContext } from '../types.js' */
/** @import { Choice } from './content.js' */
/** @import { Entry } from './entry-view.js' */
/** @import { ActionName } from './words.js' */

const WINDOW_OPEN = 'gcmcopn'
const REFRESHED_AGAIN_AFTER = 60_000

/** Stands between the window and the Auth and MessagingService plugins, and uses only what any page could use. */
export class MessengerController {
  #plugin
  #storage
  #open = false
  #unread = 0
  #refreshed = 0
  #state
  #signIn
  #transcript
  #uploads
  #drafts
  #expiry
  #events
  view

  /**
   * @param {Plugin} plugin
   * @param {PluginContext} context
   */
  constructor (plugin, { config, storage, tabStorage }) {
    this.#plugin = plugin
    this.#storage = storage
    const { auth, messenger } = config
    const canClear = messenger.apps.conversations.conversationClear?.enabled === true
    const view = this.#createView(messenger.styles?.primaryColor)
    const state = new WindowState(view, { phase: demandsSignIn(auth) ? 'signedOut' : 'connecting', canClear })
    this.view = view
    this.#state = state
    this.#uploads = new Uploads(plugin, view.composer)
    this.#drafts = new Drafts(tabStorage, view.composer)
    this.#expiry = new Expiry(state)
    this.#transcript = new Transcript(view, (attachmentId) => this.#uploads.find(attachmentId))
    this.#signIn = new SignIn(plugin, auth, state, {
      signedIn: () => { if (this.#open) this.#startConversation() },
      signedOut: () => this.#forgetPerson()
    })
    this.#events = new ConversationEvents(plugin, {
      view,
      state,
      transcript: this.#transcript,
      signIn: this.#signIn,
      drafts: this.#drafts,
      expiry: this.#expiry,
      forget: () => this.#forgetConversation(),
      received: (count) => this.#received(count)
    })
    document.addEventListener('visibilitychange', () => { if (this.#watched) this.#count(0) })
    this.#attach()
  }

  /**
   * @param {boolean} open
   * @param {{ focus: boolean }} [options]
   */
  setOpen (open, options = { focus: true }) {
    if (open === this.#open) return
    this.#open = open
    this.#storage.set(WINDOW_OPEN, String(open))
    if (this.#watched) this.#count(0)
    this.view.setOpen(open, options)
    this.#plugin.publish(open ? 'opened' : 'closed')
    if (open) this.#startConversation()
  }

  /** Removes what the window shows; the conversation itself goes on. */
  clear () {
    this.view.messages.log.clear()
    this.#state.show()
    this.#plugin.publish('cleared')
  }

  /** @param {string | undefined} primaryColor */
  #createView (primaryColor) {
    if (!customElements.get('genesys-messenger')) customElements.define('genesys-messenger', MessengerWindow)
    return new MessengerWindow(primaryColor, {
      toggle: (open) => this.setOpen(open),
      send: (text) => this.#send(text),
      typing: () => { this.#run('MessagingService.sendTyping') },
      draft: (text) => this.#drafts.keep(text),
      attach: (files) => this.#uploads.add(files),
      removeUpload: (upload) => this.#uploads.remove(upload),
      retry: (entry) => this.#retry(entry),
      choose: (choice) => this.#choose(choice),
      refresh: () => this.#refreshFiles(),
      act: (name) => this.#act(name)
    })
  }

  #attach () {
    const attach = () => {
      document.body.append(this.view)
      if (this.#storage.get(WINDOW_OPEN) === 'true') this.setOpen(true, { focus: false })
    }
    if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', attach, { once: true })
    else queueMicrotask(attach)
  }

  #startConversation () {
    if (!this.#signIn.satisfied) return
    // When this fails it runs already, or MessagingService.error says why it does not.
    this.#run('MessagingService.startConversation')
    const { phase } = this.#state
    if (phase === 'signedOut' || phase === 'stopped') this.#state.show({ phase: 'connecting', problem: undefined, ending: undefined })
  }

  /** @param {string} text */
  #send (text) {
    // What becomes of it shows at the message itself.
    this.#run('MessagingService.sendMessage', { message: text })
    this.#uploads.sent()
    this.#drafts.keep('')
  }

  /** @param {Choice} choice */
  #choose (choice) {
    this.#run('MessagingService.sendMessage', choice, () => this.view.messages.showRepliesAgain())
  }

  /** @param {Entry} entry */
  #retry ({ key, text, content }) {
    // Where nothing can be sent any more it stays, to be read and copied.
    if (this.#state.phase !== 'chat') return
    this.view.messages.log.remove(key)
    const files = pick(content, 'attachment')
    if (files.length > 0) {
      // They have to be uploaded anew, so the person sees them before they go.
      this.#uploads.addAgain(files.map(({ id }) => id))
      if (this.view.composer.empty) this.view.composer.setText(text)
      this.view.composer.focus()
      return
    }
    const [answer] = pick(content, 'buttonResponse')
    const { type, payload: postback, originatingMessageId } = answer ?? {}
    this.#run('MessagingService.sendMessage', answer ? { type, message: text, postback, originatingMessageId } : { message: text })
  }

  /** @param {ActionName} name */
  #act (name) {
    if (name === 'signIn') this.#signIn.begin('Auth.reAuthenticate')
    else if (name === 'getTokens') this.#signIn.begin('Auth.getTokens')
    else if (name === 'stepUp') this.#signIn.stepUp()
    else if (name === 'newChat') this.#run('MessagingService.resetConversation')
    else if (name === 'clear') this.#clearConversation()
    else if (name === 'history') this.#fetchHistory()
    else this.#startConversation()
  }

  #clearConversation () {
    this.#run('MessagingService.clearConversation', undefined, () => this.#state.show({ problem: CLEAR_FAILED }))
  }

  /** Not again and again for an image that cannot be had at any address. */
  #refreshFiles () {
    if (Date.now() - this.#refreshed < REFRESHED_AGAIN_AFTER) return
    this.#refreshed = Date.now()
    this.#run('MessagingService.refreshFiles')
  }

  #fetchHistory () {
    this.#state.show({ problem: undefined })
    this.#run('MessagingService.fetchHistory', undefined, () => this.#state.show({ problem: HISTORY_FAILED }))
  }

  /**
   * @param {string} command
   * @param {unknown} [data]
   * @param {() => void} [failed] Without it the failure shows as an event.
   */
  #run (command, data, failed = () => {}) {
    this.#plugin.command(command, data).catch(failed)
  }

  get #watched () {
    return this.#open && !document.hidden
  }

  /** @param {number} count */
  #received (count) {
    this.view.messages.announce(count)
    if (!this.#watched) this.#count(this.#unread + count)
  }

  /** @param {number} unread */
  #count (unread) {
    this.#unread = unread
    this.view.showUnread(unread)
  }

  #forgetConversation () {
    this.#events.stopTyping()
    this.#expiry.settle()
    this.#transcript.clear()
    this.#uploads.clear()
    this.#count(0)
    this.#state.show({ earlier: false })
  }

  #forgetPerson () {
    this.#forgetConversation()
    this.#drafts.clear()
  }
}
