import { contentOf, pick, textOf } from './content.js'
import { isVisible } from './entry-view.js'

/** @import { Participant, StructuredMessage } from '../types.js' */
/** @import { Attachment } from './content.js' */
/** @import { Entry } from './entry-view.js' */
/** @import { MessengerWindow } from './window.js' */

/** Writes the conversation's messages into the window's log, each of them once. */
export class Transcript {
  #view
  #uploaded
  #agent = ''
  #offline = false

  /**
   * @param {MessengerWindow} view
   * @param {(attachmentId: string) => Attachment | undefined} uploaded What this window knows of a file that it has sent.
   */
  constructor (view, uploaded) {
    this.#view = view
    this.#uploaded = uploaded
  }

  /** The last to have answered. */
  get agent () {
    return this.#agent
  }

  /** @param {StructuredMessage[]} messages */
  add (messages) {
    this.#view.messages.keepingPlace(() => { for (const message of messages) this.#add(message) })
  }

  /** @param {StructuredMessage[]} messages */
  addHistory (messages) {
    const { node } = this.#view.messages.log
    node.setAttribute('aria-busy', 'true')
    this.add(messages)
    node.setAttribute('aria-busy', 'false')
  }

  /** @param {StructuredMessage & { tracingId: string }} message */
  addSending (message) {
    const { text, content } = this.#entryOf(message)
    /** @type {Entry} */
    const entry = {
      key: message.tracingId, side: 'mine', text, content, author: '', time: new Date(), state: this.#offline ? 'Waiting' : 'Sending'
    }
    this.#view.messages.keepingPlace(() => this.#show(entry))
  }

  /**
   * The service has sent the same messages with something new, above all fresh addresses of files.
   * @param {StructuredMessage[]} messages
   */
  update (messages) {
    for (const message of messages) {
      const { key, text, content } = this.#entryOf(message)
      if (this.#view.messages.log.find(key)) this.change(key, { text, content })
    }
  }

  /** @param {boolean} offline */
  hold (offline) {
    this.#offline = offline
    this.#view.messages.keepingPlace(() => this.#view.messages.log.hold(offline))
  }

  /**
   * @param {string} key
   * @param {Partial<Entry>} change
   */
  change (key, change) {
    this.#view.messages.keepingPlace(() => this.#view.messages.log.change(key, change))
  }

  clear () {
    this.#view.messages.log.clear()
    this.#agent = ''
  }

  /** @param {StructuredMessage} message */
  #add (message) {
    if (message.type === 'Event') return this.#addEvent(message)
    const { log } = this.#view.messages
    const entry = this.#entryOf(message)
    const { tracingId } = message
    // From now on it bears the service's id, by which history knows it.
    if (tracingId && log.find(tracingId)) return log.change(tracingId, { ...entry, problem: undefined })
    if (log.find(entry.key)) return
    if (entry.side === 'theirs') this.#agent = entry.author
    this.#show(entry)
  }

  /** @param {Entry} entry */
  #show (entry) {
    const { log } = this.#view.messages
    for (const { originatingMessageId, payload } of pick(entry.content, 'buttonResponse')) {
      if (originatingMessageId && payload) log.answer(originatingMessageId, payload)
    }
    if (isVisible(entry)) log.add(entry)
  }

  /**
   * Of the events only this one stays: from here on the conversation is in the person's name.
   * @param {StructuredMessage} message
   */
  #addEvent (message) {
    const { log } = this.#view.messages
    const name = nameOf(message.channel?.from)
    if (!name || !message.events?.some(({ presence }) => presence?.type === 'SignIn')) return
    const entry = this.#entryOf(message)
    if (!log.find(entry.key)) log.add({ ...entry, side: 'event', author: '', text: `You are signed in as ${name}.` })
  }

  /**
   * @param {StructuredMessage} message
   * @returns {Entry}
   */
  #entryOf (message) {
    const { id, channel, direction, originatingEntity } = message
    const mine = direction === 'Inbound'
    const content = contentOf(message).map((part) => {
      const known = part.attachment && this.#uploaded(part.attachment.id)
      return known ? { ...part, attachment: { ...known, ...part.attachment } } : part
    })
    return {
      key: channel?.messageId ?? id ?? `${channel?.time} ${message.text}`,
      id,
      side: mine ? 'mine' : 'theirs',
      text: textOf(message),
      content,
      author: mine ? '' : nameOf(channel?.from) || (originatingEntity === 'Bot' ? 'Assistant' : 'Agent'),
      time: channel?.time ? new Date(channel.time) : new Date(),
      state: mine ? 'Sent' : ''
    }
  }
}

/** @param {Participant | undefined} participant */
export function nameOf (participant) {
  const { nickname, firstName, lastName } = participant ?? {}
  return nickname || [firstName, lastName].filter(Boolean).join(' ')
}
