import { contentOf, pick, textOf } from '../shared/content-parts.js'
import { isVisible } from './entry-view.js'

/** @import { Participant, StructuredMessage } from '../../conversation/structured-message.js' */
/** @import { Attachment, Content } from '../shared/content-parts.js' */
/** @import { Entry } from './entry-view.js' */
/** @import { MessageList } from './message-list.js' */

/** Writes the conversation's messages into the window's log, each of them once. */
export class LogWriter {
  #list
  #uploaded
  #agent = ''
  #offline = false

  /**
   * @param {MessageList} list
   * @param {(attachmentId: string) => Attachment | undefined} uploaded What this window knows of a file that it has sent.
   */
  constructor (list, uploaded) {
    this.#list = list
    this.#uploaded = uploaded
  }

  /** The last to have answered. */
  get agent () {
    return this.#agent
  }

  /** @param {StructuredMessage[]} messages */
  add (messages) {
    this.#list.keepingPlace(() => { for (const message of messages) this.#add(message) })
  }

  /** @param {StructuredMessage[]} messages */
  addHistory (messages) {
    const { node } = this.#list.log
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
    this.#list.keepingPlace(() => this.#show(entry))
  }

  /**
   * The service has sent the same messages with something new, above all fresh addresses of files.
   * @param {StructuredMessage[]} messages
   */
  update (messages) {
    for (const message of messages) {
      const { key, text, content } = this.#entryOf(message)
      if (this.#list.log.find(key)) this.change(key, { text, content })
    }
  }

  /** @param {boolean} offline */
  hold (offline) {
    this.#offline = offline
    this.#list.keepingPlace(() => this.#list.log.hold(offline))
  }

  /**
   * @param {string} key
   * @param {Partial<Entry>} change
   */
  change (key, change) {
    this.#list.keepingPlace(() => this.#list.log.change(key, change))
  }

  clear () {
    this.#list.log.clear()
    this.#agent = ''
  }

  /** @param {StructuredMessage} message */
  #add (message) {
    if (message.type === 'Event') return this.#addEvent(message)
    const { log } = this.#list
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
    const { log } = this.#list
    const answer = answerIn(entry.content)
    if (answer) log.answer(answer.id, answer.given)
    if (isVisible(entry)) log.add(entry)
  }

  /**
   * Of the events only this one stays: from here on the conversation is in the person's name.
   * @param {StructuredMessage} message
   */
  #addEvent (message) {
    const { log } = this.#list
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
    const parent = message.metadata?.parentMessageId
    const content = contentOf(message).map((part) => {
      if (part.buttonResponse && parent) return { ...part, buttonResponse: { originatingMessageId: parent, ...part.buttonResponse } }
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

/**
 * Which message this content answers, and how.
 * @param {Content[]} content
 */
function answerIn (content) {
  const [form] = pick(content, 'form')
  if (form?.originatingMessageId) {
    const given = (form.response ?? []).map(({ id, component: { buttonResponse: { text, payload } } }) => ({ id, text, payload }))
    return { id: form.originatingMessageId, given }
  }
  const responses = pick(content, 'buttonResponse')
  const id = responses[0]?.originatingMessageId
  const given = responses.flatMap(({ text = '', payload }) => payload ? [{ text, payload }] : [])
  return id && given.length > 0 ? { id, given } : undefined
}

/** @param {Participant | undefined} participant */
export function nameOf (participant) {
  const { nickname, firstName, lastName } = participant ?? {}
  return nickname || [firstName, lastName].filter(Boolean).join(' ')
}
