import { StagedFiles } from './composer/staged-files.js'
import { StoredDraft } from './composer/stored-draft.js'
import { ExpiryNotice } from './expiry-notice.js'
import { LogWriter } from './log/log-writer.js'
import { MessagingPresenter } from './messaging-presenter.js'
import { AnswerDrafts } from './questionnaire/answer-drafts.js'
import { pick } from './shared/content-parts.js'
import { demandsSignIn, SignInPresenter } from './sign-in-presenter.js'
import { MessengerWindow } from './window/messenger-window.js'
import { CLEAR_FAILED, HISTORY_FAILED } from './window/notice-texts.js'
import { WindowState } from './window/window-state.js'
import { titleIn } from './window/window-title.js'

/** @import { Plugin } from '../platform/plugin-bus.js' */
/** @import { PluginContext } from '../platform/plugin-context.js' */
/** @import { Entry } from './log/entry-view.js' */
/** @import { Choice, Content } from './shared/content-parts.js' */
/** @import { ActionName } from './window/notice-texts.js' */

const RETURNS = { atMost: 10, withinMs: 10_000 }
const WINDOW_OPEN = 'gcmcopn'
const REFRESH_INTERVAL_MS = 60_000

/** Stands between the window and the Auth and MessagingService plugins, and uses only what any page could use. */
export class MessengerController {
  #plugin
  #config
  #storage
  #open = false
  #gone = false
  /** @type {number[]} When the window last came back to the page. */
  #returns = []
  #unread = 0
  #refreshed = 0
  #state
  #signIn
  #logWriter
  #stagedFiles
  #draft
  #expiry
  #messaging
  #answerDrafts
  view

  /**
   * @param {Plugin} plugin
   * @param {PluginContext} context
   */
  constructor (plugin, { config, storage, tabStorage }) {
    this.#plugin = plugin
    this.#config = config
    this.#storage = storage
    const { auth, messenger } = config
    const canClear = messenger.apps.conversations.conversationClear?.enabled === true
    const view = this.#createView(messenger.styles?.primaryColor)
    const state = new WindowState(view, { phase: demandsSignIn(auth) ? 'signedOut' : 'connecting', canClear })
    this.view = view
    this.#state = state
    this.#stagedFiles = new StagedFiles(plugin, view.composer)
    this.#draft = new StoredDraft(tabStorage, view.composer)
    this.#expiry = new ExpiryNotice(state)
    this.#answerDrafts = new AnswerDrafts(view.questionnaire, (choice) => this.#choose(choice))
    this.#logWriter = new LogWriter(view.messages, (attachmentId) => this.#stagedFiles.find(attachmentId))
    this.#signIn = new SignInPresenter(plugin, auth, state, storage, {
      signedIn: () => { if (this.#open) this.#startConversation() },
      signedOut: () => this.#forgetPerson()
    })
    this.#messaging = new MessagingPresenter(plugin, {
      view,
      state,
      logWriter: this.#logWriter,
      signIn: this.#signIn,
      draft: this.#draft,
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

  get isOpen () {
    return this.#open
  }

  /** @param {string} language Of the page. */
  setLanguage (language) {
    this.view.setTitle(titleIn(this.#config, language))
  }

  /** Nothing of the window stays on the page. */
  remove () {
    this.#gone = true
    this.#forgetPerson()
    this.view.remove()
  }

  /** @param {string | undefined} primaryColor */
  #createView (primaryColor) {
    if (!customElements.get('genesys-messenger')) customElements.define('genesys-messenger', MessengerWindow)
    return new MessengerWindow(titleIn(this.#config), primaryColor, {
      removed: () => { setTimeout(() => this.#comeBack(), 0) },
      toggle: (open) => this.setOpen(open),
      send: (text) => this.#send(text),
      typing: () => { this.#run('MessagingService.sendTyping') },
      draft: (text) => this.#draft.keep(text),
      attach: (files) => this.#stagedFiles.add(files),
      removeFile: (file) => this.#stagedFiles.remove(file),
      retry: (entry) => this.#retry(entry),
      choose: (choice) => this.#choose(choice),
      fill: (entry) => this.#fill(entry),
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

  /**
   * Frameworks that replace the body of a page throw away what is not theirs, and mean no harm; one that does so again and
   * again is not to be kept at it.
   */
  #comeBack () {
    if (this.#gone || this.view.isConnected) return
    const now = performance.now()
    this.#returns = [...this.#returns.filter((time) => now - time < RETURNS.withinMs), now]
    if (this.#returns.length > RETURNS.atMost) {
      this.#gone = true
      console.warn('The page keeps removing the Messenger, so it stays away until the page is reloaded')
    } else if (document.body) {
      document.body.append(this.view)
      this.view.setOpen(this.#open, { focus: false })
    } else {
      // The next body is still to come.
      setTimeout(() => this.#comeBack(), RETURNS.withinMs / RETURNS.atMost)
    }
  }

  #startConversation () {
    if (!this.#signIn.satisfied) return
    // When this fails it runs already, or MessagingService.error says why it does not.
    this.#run('MessagingService.startConversation')
    const { phase } = this.#state
    if (phase === 'signedOut' || phase === 'stopped') this.#state.show({ phase: 'connecting', problem: undefined, ending: undefined })
  }

  /** One that the agent's side has ended is taken the place of; any other that is over is simply no more. */
  #beginAnew () {
    const wasEnded = this.#state.phase === 'ended'
    this.#forgetConversation()
    this.#state.show({ phase: 'connecting', problem: undefined, ending: undefined })
    if (wasEnded) this.#run('MessagingService.resetConversation', undefined, () => this.#startConversation())
    else this.#startConversation()
  }

  /** @param {string} text */
  #send (text) {
    // What becomes of it shows at the message itself.
    this.#run('MessagingService.sendMessage', { message: text })
    this.#stagedFiles.sent()
    this.#draft.keep('')
  }

  /** @param {Choice} choice */
  #choose (choice) {
    this.#run('MessagingService.sendMessage', choice, () => this.view.messages.showRepliesAgain())
  }

  /** @param {Entry} entry */
  #fill (entry) {
    // Where nothing can be sent any more there is no use in filling in anything.
    if (this.#state.phase !== 'chat') return
    const opener = this.view.shadowRoot?.activeElement
    this.#answerDrafts.open(entry, { sent: () => this.view.composer.focus(), cancelled: () => this.view.focusAgain(opener) })
  }

  /** @param {Entry} entry */
  #retry ({ key, text, content }) {
    // Where nothing can be sent any more it stays, to be read and copied.
    if (this.#state.phase !== 'chat') return
    this.view.messages.log.remove(key)
    const files = pick(content, 'attachment')
    if (files.length > 0) {
      // They have to be uploaded anew, so the person sees them before they go.
      this.#stagedFiles.addAgain(files.map(({ id }) => id))
      if (this.view.composer.empty) this.view.composer.setText(text)
      this.view.composer.focus()
      return
    }
    this.#run('MessagingService.sendMessage', choiceOf(text, content) ?? { message: text })
  }

  /** @param {ActionName} name */
  #act (name) {
    if (name === 'signIn') this.#signIn.begin('Auth.reAuthenticate')
    else if (name === 'getTokens') this.#signIn.begin('Auth.getTokens')
    else if (name === 'stepUp') this.#signIn.stepUp()
    else if (name === 'newChat') this.#beginAnew()
    else if (name === 'clear') this.#clearConversation()
    else if (name === 'history') this.#fetchHistory()
    else this.#startConversation()
  }

  #clearConversation () {
    this.#run('MessagingService.clearConversation', undefined, () => this.#state.show({ problem: CLEAR_FAILED }))
  }

  /** Not again and again for an image that cannot be had at any address. */
  #refreshFiles () {
    if (Date.now() - this.#refreshed < REFRESH_INTERVAL_MS) return
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
    this.#messaging.stopTyping()
    this.#expiry.settle()
    this.#logWriter.clear()
    this.#answerDrafts.forget()
    this.#stagedFiles.clear()
    this.#count(0)
    this.#state.show({ earlier: false })
  }

  #forgetPerson () {
    this.#forgetConversation()
    this.#draft.clear()
  }
}

/**
 * The answer that an own message holds, as it was given.
 * @param {string} text
 * @param {Content[]} content
 * @returns {Choice | undefined} Undefined for one that was written.
 */
function choiceOf (text, content) {
  const [form] = pick(content, 'form')
  if (form) {
    const { originatingMessageId: id, cannedResponseId, response = [] } = form
    const formData = response.map(({ id, component: { buttonResponse: { text, payload } } }) => ({ id, text, payload }))
    return { type: 'form', postback: { id, text, cannedResponseId, formData } }
  }
  const responses = pick(content, 'buttonResponse')
  const [{ type, payload: postback = '', originatingMessageId } = {}] = responses
  if (type !== 'ListPicker') return type && { type, message: text, postback, originatingMessageId }
  const selectedOptions = responses.map(({ text = '', payload = '' }) => ({ text, payload }))
  return { type: 'listPicker', postback: { id: originatingMessageId, text, selectedOptions } }
}
