import { allowedMedia } from './uploads.js'
import { nameOf } from './transcript.js'
import { CLEARED, CLOSED, ENDED, noticeFor, notSentBecause, RECONNECTING } from './words.js'

/** @import { MessagingError, Participant, Plugin, StructuredMessage } from '../types.js' */
/** @import { Drafts } from './drafts.js' */
/** @import { Expiry } from './expiry.js' */
/** @import { SignIn } from './sign-in.js' */
/** @import { Transcript } from './transcript.js' */
/** @import { MessengerWindow } from './window.js' */
/** @import { WindowState } from './window-state.js' */

/**
 * @typedef {object} Parts
 * @property {MessengerWindow} view
 * @property {WindowState} state
 * @property {Transcript} transcript
 * @property {SignIn} signIn
 * @property {Drafts} drafts
 * @property {Expiry} expiry
 * @property {() => void} forget The conversation is over, and the next may be somebody else's.
 * @property {(count: number) => void} received
 */

/** Brings what the MessagingService plugin publishes to the window. */
export class ConversationEvents {
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
    const { state, transcript, drafts, expiry, view, forget } = this.#parts
    subscribe('MessagingService.allowedFileTypes', ({ data }) => state.show({ media: allowedMedia(data) }))
    // All of it comes again, and where another tab has begun a new conversation it is another.
    subscribe('MessagingService.restoring', () => transcript.clear())
    subscribe('MessagingService.started', ({ data }) => {
      const { readOnly, newSession } = /** @type {{ readOnly: boolean, newSession: boolean }} */ (data)
      // A conversation that is being restored shows itself with its messages.
      const phase = readOnly ? 'ended' : newSession ? 'chat' : 'connecting'
      transcript.hold(false)
      if (newSession) {
        // What an earlier one has left here is no part of it.
        forget()
        drafts.begin()
      }
      state.show({ phase, problem: undefined, connection: undefined, ending: undefined })
    })
    subscribe('MessagingService.restored', ({ data }) => {
      this.#showHistory(data)
      this.#startChatting()
      drafts.restore()
      view.messages.scrollToEnd()
    })
    subscribe('MessagingService.sessionWarning', ({ data }) => {
      expiry.warn(/** @type {{ expirationDate: number }} */ (data).expirationDate)
    })
    subscribe('MessagingService.sessionTimingUpdated', ({ data }) => {
      expiry.update(/** @type {{ expirationDate: number }} */ (data).expirationDate)
    })
  }

  /** @param {Plugin['subscribe']} subscribe */
  #listenToMessages (subscribe) {
    const { state, transcript, view } = this.#parts
    subscribe('MessagingService.oldMessages', ({ data }) => this.#showHistory(data))
    subscribe('MessagingService.historyComplete', () => state.show({ earlier: false }))
    subscribe('MessagingService.messagesUpdated', ({ data }) => {
      transcript.update(/** @type {{ messages: StructuredMessage[] }} */ (data).messages)
    })
    subscribe('MessagingService.sendingMessage', ({ data }) => {
      const { message } = /** @type {{ message: StructuredMessage & { tracingId: string } }} */ (data)
      transcript.addSending(message)
      state.show({ ending: undefined })
      view.messages.scrollToEnd()
    })
    subscribe('MessagingService.messagesReceived', ({ data }) => this.#receive(data))
    subscribe('MessagingService.typingReceived', ({ data }) => this.#showTyping(data))
    subscribe('MessagingService.typingTimeout', () => this.stopTyping())
  }

  /** @param {Plugin['subscribe']} subscribe */
  #listenToConnection (subscribe) {
    const { state, transcript } = this.#parts
    subscribe('MessagingService.offline', () => transcript.hold(true))
    subscribe('MessagingService.reconnecting', () => state.show({ connection: RECONNECTING, typing: '' }))
    subscribe('MessagingService.reconnected', () => {
      transcript.hold(false)
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
    subscribe('MessagingService.readOnlyConversation', () => state.show({ phase: 'ended', typing: '' }))
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
    const { state, transcript, signIn, expiry, forget } = this.#parts
    if (error.tracingId) transcript.change(error.tracingId, { problem: notSentBecause(error) })
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
    const { messages } = /** @type {{ messages: StructuredMessage[] }} */ (data)
    this.#parts.transcript.addHistory(messages)
    this.#parts.state.show({ earlier: true })
    this.#identify(messages)
  }

  #startChatting () {
    const { state } = this.#parts
    if (state.phase === 'connecting') state.show({ phase: 'chat' })
  }

  /** @param {unknown} data */
  #receive (data) {
    const { state, transcript, received } = this.#parts
    const { messages } = /** @type {{ messages: StructuredMessage[] }} */ (data)
    transcript.add(messages)
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
    const { typing, from } = /** @type {{ typing: { type: string, duration?: number }, from?: Participant }} */ (data)
    this.stopTyping()
    if (typing.type !== 'On') return
    this.#parts.state.show({ typing: nameOf(from) || this.#parts.transcript.agent || 'Agent' })
    this.#typingEnds = setTimeout(() => this.stopTyping(), typing.duration ?? 5000)
  }
}
