import { rawMessageOf } from '../conversation/formatted-messages.js'
import { allowedMedia } from './composer/staged-files.js'
import { nameOf } from './log/log-writer.js'
import { CLEARED, CLOSED, ENDED, noticeFor, notSentBecause, RECONNECTING } from './window/notice-texts.js'

/** @import { SessionResponse } from '../connection/frames.js' */
/** @import { MessagingError } from '../connection/messaging-errors.js' */
/** @import { FormattedMessage } from '../conversation/formatted-messages.js' */
/** @import { StructuredMessage } from '../conversation/structured-message.js' */
/** @import { Plugin } from '../platform/plugin-bus.js' */
/** @import { StoredDraft } from './composer/stored-draft.js' */
/** @import { ExpiryNotice } from './expiry-notice.js' */
/** @import { LogWriter } from './log/log-writer.js' */
/** @import { SignInPresenter } from './sign-in-presenter.js' */
/** @import { MessengerWindow } from './window/messenger-window.js' */
/** @import { WindowState } from './window/window-state.js' */

/**
 * @typedef {object} Parts
 * @property {MessengerWindow} view
 * @property {WindowState} state
 * @property {LogWriter} logWriter
 * @property {SignInPresenter} signIn
 * @property {StoredDraft} draft
 * @property {ExpiryNotice} expiry
 * @property {() => void} forget The conversation is over, and the next may be somebody else's.
 * @property {(count: number) => void} received
 */

/** Brings what the MessagingService plugin publishes to the window. */
export class MessagingPresenter {
  #parts
  #typingEnds = 0

  /**
   * @param {Plugin} plugin
   * @param {Parts} parts
   */
  constructor ({ subscribe }, parts) {
    this.#parts = parts
    this.#listenToSession(subscribe)
    this.#listenToMessages(subscribe)
    this.#listenToConnection(subscribe)
    this.#listenToEnd(subscribe)
  }

  stopTyping () {
    clearTimeout(this.#typingEnds)
    this.#parts.state.show({ typing: '' })
  }

  /** @param {Plugin['subscribe']} subscribe */
  #listenToSession (subscribe) {
    const { state, logWriter, draft, expiry, view, forget } = this.#parts
    subscribe('MessagingService.allowedFileTypes', ({ data }) => state.show({ media: allowedMedia(data) }))
    // All of it comes again, and where another tab has begun a new conversation it is another.
    subscribe('MessagingService.restoring', () => logWriter.clear())
    subscribe('MessagingService.started', ({ data }) => {
      const { readOnly, newSession } = /** @type {{ readOnly: boolean, newSession: boolean }} */ (data)
      // A conversation that is being restored shows itself with its messages.
      const phase = readOnly ? 'ended' : newSession ? 'chat' : 'connecting'
      logWriter.hold(false)
      if (newSession) {
        // What an earlier one has left here is no part of it.
        forget()
        draft.begin()
      }
      state.show({ phase, problem: undefined, connection: undefined, ending: undefined })
    })
    subscribe('MessagingService.restored', ({ data }) => {
      this.#showHistory(data)
      this.#startChatting()
      draft.restore()
      view.messages.scrollToEnd()
    })
    subscribe('MessagingService.sessionWarning', ({ data }) => {
      expiry.warn(/** @type {{ expirationTime: number }} */ (data).expirationTime)
    })
    subscribe('MessagingService.sessionTimingUpdated', ({ data }) => {
      expiry.update(/** @type {{ expirationDate: number }} */ (data).expirationDate)
    })
  }

  /** @param {Plugin['subscribe']} subscribe */
  #listenToMessages (subscribe) {
    const { state, logWriter, view } = this.#parts
    subscribe('MessagingService.oldMessages', ({ data }) => this.#showHistory(data))
    subscribe('MessagingService.historyComplete', () => state.show({ earlier: false }))
    subscribe('MessagingService.messagesUpdated', ({ data }) => {
      const { updatedMessages } = /** @type {{ updatedMessages: FormattedMessage[] }} */ (data)
      logWriter.update(updatedMessages.map(rawMessageOf))
    })
    subscribe('MessagingService.sendingMessage', ({ data }) => {
      const { message } = /** @type {{ message: StructuredMessage & { tracingId: string } }} */ (data)
      if (message.type === 'Event') return
      logWriter.addSending(message)
      state.show({ ending: undefined })
      view.messages.scrollToEnd()
    })
    subscribe('MessagingService.messagesReceived', ({ data }) => this.#receive(data))
    subscribe('MessagingService.typingReceived', ({ data }) => this.#showTyping(data))
    subscribe('MessagingService.typingTimeout', () => this.stopTyping())
  }

  /** @param {Plugin['subscribe']} subscribe */
  #listenToConnection (subscribe) {
    const { state, logWriter } = this.#parts
    subscribe('MessagingService.offline', () => logWriter.hold(true))
    subscribe('MessagingService.reconnecting', () => state.show({ connection: RECONNECTING, typing: '' }))
    subscribe('MessagingService.reconnected', () => {
      logWriter.hold(false)
      state.show({ connection: undefined })
    })
    subscribe('MessagingService.error', ({ data }) => {
      this.#showError(/** @type {{ error: MessagingError }} */ (data).error)
    })
  }

  /** @param {Plugin['subscribe']} subscribe */
  #listenToEnd (subscribe) {
    const { state, forget } = this.#parts
    subscribe('MessagingService.conversationDisconnected', ({ data }) => {
      const { readOnly } = /** @type {{ readOnly: boolean }} */ (data)
      state.show(readOnly ? { phase: 'ended', typing: '' } : { ending: ENDED, typing: '' })
    })
    subscribe('MessagingService.readOnlyConversation', ({ data }) => {
      // While a conversation is being restored, whether it is over stands in the answer of the service.
      const { body } = /** @type {{ body?: Partial<SessionResponse> }} */ (data ?? {})
      if (body?.readOnly !== false) state.show({ phase: 'ended', typing: '' })
    })
    subscribe('MessagingService.conversationReset', () => {
      forget()
      state.show({ phase: 'connecting', problem: undefined, ending: undefined })
    })
    subscribe('MessagingService.sessionCleared', () => {
      forget()
      state.show({ phase: 'stopped', problem: undefined, ending: CLOSED })
    })
    subscribe('MessagingService.conversationCleared', () => {
      forget()
      state.show({ phase: 'stopped', problem: CLEARED })
    })
  }

  /** @param {MessagingError} error */
  #showError (error) {
    const { state, logWriter, signIn, expiry, forget } = this.#parts
    if (error.tracingId) logWriter.change(error.tracingId, { problem: notSentBecause(error) })
    // One of them may have been chosen.
    if (error.tracingId) this.#parts.view.messages.showRepliesAgain()
    if (error.errorKey === 'sessionRefused') forget()
    const problem = noticeFor(error)
    if (!problem) return
    const ongoing = error.errorKey === 'historyUnavailable' || error.errorKey === 'unexpected'
    if (ongoing) {
      state.show({ problem })
      return this.#startChatting()
    }
    expiry.settle()
    if (signIn.satisfied) state.show({ phase: 'stopped', problem, connection: undefined, typing: '' })
    else signIn.signedOutUnlessSatisfied()
  }

  /** @param {unknown} data */
  #showHistory (data) {
    const { messages: newestFirst } = /** @type {{ messages: FormattedMessage[] }} */ (data)
    const messages = newestFirst.map(rawMessageOf).reverse()
    this.#parts.logWriter.addHistory(messages)
    this.#parts.state.show({ earlier: true })
    this.#identify(messages)
  }

  #startChatting () {
    const { state } = this.#parts
    if (state.phase === 'connecting') state.show({ phase: 'chat' })
  }

  /** @param {unknown} data */
  #receive (data) {
    const { state, logWriter, received } = this.#parts
    const { messages } = /** @type {{ messages: StructuredMessage[] }} */ (data)
    logWriter.add(messages)
    const theirs = messages.filter(({ direction }) => direction === 'Outbound').length
    state.show(theirs > 0 ? { typing: '' } : {})
    this.#identify(messages)
    received(theirs)
  }

  /** @param {StructuredMessage[]} messages */
  #identify (messages) {
    const names = messages.map(({ direction, channel }) => direction === 'Inbound' ? nameOf(channel?.from) : '')
    this.#parts.signIn.named(names.findLast(Boolean))
  }

  /** @param {unknown} data */
  #showTyping (data) {
    const { typing } = /** @type {{ typing: { type: string, durationMs?: number } }} */ (data)
    this.stopTyping()
    if (typing.type !== 'On') return
    this.#parts.state.show({ typing: nameOf(rawMessageOf(typing).channel?.from) || this.#parts.logWriter.agent || 'Agent' })
    this.#typingEnds = setTimeout(() => this.stopTyping(), typing.durationMs ?? 5000)
  }
}
