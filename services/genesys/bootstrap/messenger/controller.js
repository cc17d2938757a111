import { nameOf, Transcript } from './transcript.js'
import { HISTORY_FAILED, noticeFor, notSentBecause, RECONNECTING, SIGN_IN_FAILED, SIGN_IN_UNAVAILABLE } from './words.js'
import { MessengerWindow } from './window.js'

/** @import { MessagingError, Participant, Plugin, PluginContext, StructuredMessage } from '../types.js' */
/** @import { ActionName } from './words.js' */
/** @import { ViewState } from './window.js' */

const WINDOW_OPEN = 'gcmcopn'

/** Stands between the window and the Auth and MessagingService plugins, and uses only what any page could use. */
export class MessengerController {
  #plugin
  #storage
  #authEnabled
  #open = false
  #unread = 0
  #typingEnds = 0
  #transcript
  /** @type {ViewState} */
  #state
  view

  /**
   * @param {Plugin} plugin
   * @param {PluginContext} context
   */
  constructor (plugin, { config, storage }) {
    this.#plugin = plugin
    this.#storage = storage
    this.#authEnabled = config.auth?.enabled === true
    this.#state = { phase: this.#authEnabled ? 'signedOut' : 'connecting', notice: undefined, identity: '', typing: '', earlier: false }
    if (!customElements.get('genesys-messenger')) customElements.define('genesys-messenger', MessengerWindow)
    this.view = new MessengerWindow(config.messenger.styles?.primaryColor, {
      toggle: (open) => this.setOpen(open),
      send: (text) => this.#send(text),
      typing: () => { this.#run('MessagingService.sendTyping') },
      retry: (key, text) => this.#retry(key, text),
      act: (name) => this.#act(name)
    })
    this.#transcript = new Transcript(this.view)
    this.#listenToAuth()
    this.#listenToConversation()
    this.#render()
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
    if (open) this.#count(0)
    this.view.setOpen(open, options)
    this.#plugin.publish(open ? 'opened' : 'closed')
    if (open) this.#startConversation()
  }

  /** Removes what the window shows; the conversation itself goes on. */
  clear () {
    this.view.log.clear()
    this.#render()
    this.#plugin.publish('cleared')
  }

  #attach () {
    const attach = () => {
      document.body.append(this.view)
      if (this.#storage.get(WINDOW_OPEN) === 'true') this.setOpen(true, { focus: false })
    }
    if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', attach, { once: true })
    else attach()
  }

  get #signedIn () {
    return !this.#authEnabled || this.#plugin.data('Auth.authenticated') === true
  }

  /** @param {Partial<ViewState>} [change] */
  #render (change = {}) {
    Object.assign(this.#state, change)
    this.view.render(this.#state)
  }

  #startConversation () {
    if (!this.#signedIn) return
    // When this fails it runs already, or MessagingService.error says why it does not.
    this.#run('MessagingService.startConversation')
    if (this.#state.phase === 'signedOut' || this.#state.phase === 'stopped') this.#render({ phase: 'connecting', notice: undefined })
  }

  #listenToAuth () {
    const { subscribe } = this.#plugin
    // Asking the brand for a code can take a round trip to its identity provider.
    subscribe('AuthProvider.ready', () => { if (this.#authEnabled) this.#render({ phase: 'connecting' }) })
    subscribe('Auth.authenticating', () => this.#render({ phase: 'connecting', notice: undefined }))
    subscribe('Auth.authenticated', () => {
      this.#render({ phase: 'connecting', notice: undefined, identity: this.#state.identity || 'Signed in' })
      if (this.#open) this.#startConversation()
    })
    subscribe('Auth.authError', () => this.#render({ phase: 'signedOut', notice: SIGN_IN_FAILED }))
    subscribe('Auth.authProviderError', () => this.#signedOutUnlessSignedIn())
    subscribe('Auth.tokenError', () => this.#signedOutUnlessSignedIn())
    subscribe('Auth.loggedOut', () => {
      this.#forgetConversation()
      this.view.clearDraft()
      this.#render({ phase: 'signedOut', notice: undefined, identity: '' })
    })
  }

  #signedOutUnlessSignedIn () {
    if (!this.#signedIn) this.#render({ phase: 'signedOut', identity: '', typing: '' })
  }

  #listenToConversation () {
    const { subscribe } = this.#plugin
    subscribe('MessagingService.started', ({ data }) => {
      const { readOnly, newSession } = /** @type {{ readOnly: boolean, newSession: boolean }} */ (data)
      // A conversation that is being restored shows itself with its messages.
      this.#render({ phase: readOnly ? 'ended' : newSession ? 'chat' : 'connecting', notice: undefined })
    })
    subscribe('MessagingService.restored', ({ data }) => {
      this.#showHistory(data)
      this.#startChatting()
      this.view.scrollToEnd()
    })
    subscribe('MessagingService.oldMessages', ({ data }) => this.#showHistory(data))
    subscribe('MessagingService.historyComplete', () => this.#render({ earlier: false }))
    subscribe('MessagingService.sendingMessage', ({ data }) => this.#showSending(data))
    subscribe('MessagingService.messagesReceived', ({ data }) => this.#receive(data))
    subscribe('MessagingService.typingReceived', ({ data }) => this.#showTyping(data))
    subscribe('MessagingService.reconnecting', () => this.#render({ notice: RECONNECTING, typing: '' }))
    subscribe('MessagingService.reconnected', () => this.#render({ notice: undefined }))
    subscribe('MessagingService.conversationDisconnected', ({ data }) => {
      const { readOnly } = /** @type {{ readOnly: boolean }} */ (data)
      const notice = { text: 'The conversation has ended. Write to us to begin again.', urgent: false, actions: [] }
      this.#render(readOnly ? { phase: 'ended', typing: '' } : { notice, typing: '' })
    })
    subscribe('MessagingService.readOnlyConversation', () => this.#render({ phase: 'ended', typing: '' }))
    subscribe('MessagingService.conversationReset', () => {
      this.#forgetConversation()
      this.#render({ phase: 'connecting', notice: undefined })
    })
    subscribe('MessagingService.conversationCleared', () => {
      this.#forgetConversation()
      const actions = [{ label: 'Start new chat', name: /** @type {const} */ ('newChat') }]
      this.#render({ phase: 'stopped', notice: { text: 'The conversation has been cleared.', urgent: false, actions } })
    })
    subscribe('MessagingService.error', ({ data }) => {
      this.#showError(/** @type {{ error: MessagingError }} */ (data).error)
    })
  }

  /** @param {MessagingError} error */
  #showError (error) {
    if (error.tracingId) this.#transcript.change(error.tracingId, { problem: notSentBecause(error) })
    if (error.errorKey === 'sessionRefused') this.#forgetConversation()
    const notice = noticeFor(error)
    if (!notice) return
    const ongoing = error.errorKey === 'historyUnavailable' || error.errorKey === 'unexpected'
    if (ongoing) {
      this.#render({ notice })
      return this.#startChatting()
    }
    this.#render(this.#signedIn ? { phase: 'stopped', notice, typing: '' } : { phase: 'signedOut', identity: '', typing: '' })
  }

  /** @param {unknown} data */
  #showHistory (data) {
    const { messages } = /** @type {{ messages: StructuredMessage[] }} */ (data)
    this.#transcript.addHistory(messages)
    this.#render({ earlier: true, identity: this.#identify(messages) })
  }

  #startChatting () {
    if (this.#state.phase === 'connecting') this.#render({ phase: 'chat' })
  }

  /** @param {unknown} data */
  #showSending (data) {
    const { message } = /** @type {{ message: { text: string, tracingId: string } }} */ (data)
    this.#transcript.addSending(message)
    this.#render()
    this.view.scrollToEnd()
  }

  /** @param {unknown} data */
  #receive (data) {
    const { messages } = /** @type {{ messages: StructuredMessage[] }} */ (data)
    this.#transcript.add(messages)
    const theirs = messages.filter(({ direction }) => direction === 'Outbound').length
    const identity = this.#identify(messages)
    this.#render(theirs > 0 ? { identity, typing: '' } : { identity })
    if (!this.#open) this.#count(this.#unread + theirs)
  }

  /**
   * The person's name comes with their own messages.
   * @param {StructuredMessage[]} messages
   */
  #identify (messages) {
    const names = messages.map(({ direction, channel }) => direction === 'Inbound' ? nameOf(channel?.from) : '')
    const name = this.#authEnabled ? names.findLast(Boolean) : undefined
    return name ? `Signed in as ${name}` : this.#state.identity
  }

  /** @param {unknown} data */
  #showTyping (data) {
    const { typing, from } = /** @type {{ typing: { type: string, duration?: number }, from?: Participant }} */ (data)
    clearTimeout(this.#typingEnds)
    const on = typing.type === 'On'
    this.#render({ typing: on ? nameOf(from) || this.#transcript.agent || 'Agent' : '' })
    if (on) this.#typingEnds = setTimeout(() => this.#render({ typing: '' }), typing.duration ?? 5000)
  }

  /** @param {string} text */
  #send (text) {
    // What becomes of it shows at the message itself.
    this.#run('MessagingService.sendMessage', { message: text })
  }

  /**
   * @param {string} key
   * @param {string} text
   */
  #retry (key, text) {
    this.view.log.remove(key)
    this.#send(text)
  }

  /** @param {ActionName} name */
  #act (name) {
    if (name === 'signIn' || name === 'getTokens') {
      this.#run(name === 'signIn' ? 'Auth.reAuthenticate' : 'Auth.getTokens', undefined, () => {
        if (!this.#signedIn) this.#render({ phase: 'signedOut', notice: this.#state.notice ?? SIGN_IN_UNAVAILABLE })
      })
      this.#render({ notice: undefined })
    } else if (name === 'newChat') {
      this.#run('MessagingService.resetConversation')
    } else if (name === 'history') {
      this.#render({ notice: undefined })
      this.#run('MessagingService.fetchHistory', undefined, () => this.#render({ notice: HISTORY_FAILED }))
    } else {
      this.#startConversation()
    }
  }

  /**
   * @param {string} command
   * @param {unknown} [data]
   * @param {() => void} [failed] Without it the failure shows as an event.
   */
  #run (command, data, failed = () => {}) {
    this.#plugin.command(command, data).catch(failed)
  }

  /** @param {number} unread */
  #count (unread) {
    this.#unread = unread
    this.view.showUnread(unread)
  }

  #forgetConversation () {
    clearTimeout(this.#typingEnds)
    this.#transcript.clear()
    this.#count(0)
    this.#render({ typing: '', earlier: false })
  }
}
