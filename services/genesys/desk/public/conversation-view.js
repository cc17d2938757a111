import {
  RefusedError, attach, disconnect, fetchMessage, openConversation, readyMessages, release, say, sendList, sendReady, showTyping, take
} from './api.js'
import { avatar, presenceOf, verifiedBadge } from './badges.js'
import { ask } from './confirmation.js'
import { authorOf, nameOf } from './formats.js'
import { button, element, iconButton } from './elements.js'
import { ReplyComposer } from './reply-composer.js'
import { Transcript } from './transcript.js'

/** @import { Draft } from './reply-composer.js' */
/** @import { Conversation, Message } from './desk-api-types.js' */

/**
 * @typedef {object} DeskActs
 * @property {() => string} myName
 * @property {(conversation: Conversation) => void} changed
 * @property {() => void} goBack
 * @property {() => void} toggleGuest
 */

/** One conversation: what was said in it, and what the agent can do. */
export class ConversationView {
  #conversation
  #desk
  #pages = 1
  #over = false
  #about = element('div', { class: 'about' })
  #state = element('p', { class: 'state', role: 'status' })
  #takeButton = button('Take conversation', 'button', () => this.#attempt(() => this.#takeConversation()))
  #giveBackButton = button('Give back', 'button quiet', () => this.#attempt(() => this.#giveBack()))
  #endButton = button('End conversation', 'button danger', () => this.#attempt(() => this.#endConversation()))
  #transcript
  #composer

  /**
   * @param {Conversation} conversation
   * @param {DeskActs} desk
   */
  constructor (conversation, desk) {
    const { conversationId } = conversation
    const { myName } = desk
    this.#conversation = conversation
    this.#desk = desk
    this.conversationId = conversationId
    const guestButton = button('Guest details', 'button quiet guest-toggle', desk.toggleGuest)
    guestButton.setAttribute('aria-controls', 'guest')
    guestButton.setAttribute('aria-expanded', 'false')
    this.#transcript = new Transcript(() => this.#attempt(async () => {
      await this.#load(this.#pages + 1)
      this.#pages += 1
    }), id => fetchMessage(conversationId, id))
    this.#composer = new ReplyComposer({
      say: async (text, quickReplies) => this.receive(await say(conversationId, myName(), text, quickReplies)),
      showTyping: on => showTyping(conversationId, myName(), on),
      attach: async file => this.receive(await attach(conversationId, myName(), file)),
      readyMessages,
      sendReady: async id => this.receive(await sendReady(conversationId, myName(), id)),
      sendList: async (text, options, multipleSelection) =>
        this.receive(await sendList(conversationId, myName(), text, { options, multipleSelection }))
    })
    this.node = element('div', { class: 'view' },
      element('header', { class: 'conversation-header' },
        iconButton('Back to the conversations', 'back', desk.goBack), this.#about,
        element('div', { class: 'acts' }, guestButton, this.#takeButton, this.#giveBackButton, this.#endButton)),
      this.#transcript.node,
      this.#state,
      this.#composer.node)
    this.refresh()
  }

  /** Load the latest messages. */
  async load () {
    await this.#attempt(async () => { await this.#load(1) })
  }

  /** Load what was said while the connection was lost, back to what is there already. */
  async catchUp () {
    await this.#attempt(async () => {
      let page = 1
      while (await this.#load(page)) page += 1
      this.#pages = Math.max(this.#pages, page)
    })
  }

  /** @param {Message} message */
  receive (message) {
    const [event] = message.events ?? []
    const who = authorOf(message)
    if (event?.eventType === 'Typing') {
      if (message.originatingEntity === 'Human' && who === this.#desk.myName()) return
      this.#transcript.showTyping(who ?? nameOf(this.#conversation), event.typing.type === 'On', event.typing.duration)
      return
    }
    if (message.direction === 'Inbound' || message.originatingEntity === 'Bot') this.#transcript.showTyping('', false)
    this.#transcript.add([message])
    if (message.originatingEntity === 'Human' && message.type !== 'Event') {
      this.#transcript.annotate(message.id, this.#conversation.connections > 0 ? 'Delivered' : 'Kept until the guest is back')
    }
  }

  /** @param {Conversation} conversation */
  show (conversation) {
    this.#conversation = conversation
    this.refresh()
  }

  /** The conversation is over. */
  end () {
    this.#over = true
    this.refresh()
  }

  toEnd () {
    this.#transcript.toEnd()
  }

  isDraftEmpty () {
    return this.#composer.isEmpty()
  }

  /** @returns {Draft} */
  draft () {
    return this.#composer.draft()
  }

  /** @param {Draft} draft */
  restore (draft) {
    this.#composer.restore(draft)
    this.refresh()
  }

  refresh () {
    const conversation = this.#conversation
    const presence = element('span', { class: 'presence' }, presenceOf(conversation))
    this.#about.replaceChildren(avatar(conversation), element('div', {},
      element('h2', { dir: 'auto' }, nameOf(conversation)),
      element('p', { class: 'marks' }, verifiedBadge(conversation), presence)))
    const isOver = conversation.readOnly || this.#over
    const writable = this.#isMine() && !isOver
    this.#takeButton.hidden = this.#isMine() || isOver
    this.#giveBackButton.hidden = this.#endButton.hidden = !writable
    this.#composer.setWritable(writable)
    // What was typed is not taken from whoever has typed it.
    this.#composer.node.hidden = !writable && this.#composer.isEmpty()
    this.#state.textContent = this.#stateText()
    this.#state.hidden = this.#state.textContent === ''
  }

  #isMine () {
    return this.#conversation.agent?.name === this.#desk.myName()
  }

  #stateText () {
    const { readOnly, agent, scripted } = this.#conversation
    if (this.#over) return 'This conversation is over: the guest has cleared it, or it has expired.'
    if (readOnly) return 'This conversation has ended: it can only be read.'
    if (!agent) {
      const who = scripted ? 'The script is answering.' : 'Nobody is answering.'
      return `${who} Take the conversation to write yourself.`
    }
    return this.#isMine() ? '' : `${agent.name} has taken this conversation.`
  }

  /** @param {() => Promise<void>} act */
  async #attempt (act) {
    try {
      await act()
      this.refresh()
    } catch (error) {
      this.refresh()
      this.#state.textContent = error instanceof RefusedError ? error.message : 'Something went wrong.'
    }
  }

  async #takeConversation () {
    const { agent } = this.#conversation
    const { myName, changed } = this.#desk
    const question = `${agent?.name} has taken this conversation. The guest will hear from you instead.`
    if (agent && !await ask('Take over?', question, 'Take over')) return
    try {
      changed(await take(this.conversationId, myName(), agent !== null))
    } catch (error) {
      // Somebody was faster, and it does not show here yet.
      if (agent || !(error instanceof RefusedError) || error.status !== 409) throw error
      if (!await ask('Take over?', error.message, 'Take over')) return
      changed(await take(this.conversationId, myName(), true))
    }
    this.#composer.focus()
  }

  async #giveBack () {
    this.#desk.changed(await release(this.conversationId, this.#desk.myName()))
    this.#takeButton.focus()
  }

  async #endConversation () {
    if (!await ask('End this conversation?', 'The guest is told that you have left.', 'End it')) return
    await disconnect(this.conversationId, this.#desk.myName())
    this.#transcript.node.focus()
  }

  /**
   * @param {number} page
   * @returns whether there is more before it, of which nothing is there already
   */
  async #load (page) {
    const { messages } = await openConversation(this.conversationId, page)
    const met = messages.entities.some(({ id }) => this.#transcript.has(id))
    const more = messages.pageNumber < messages.pageCount
    this.#transcript.add(messages.entities, more)
    return more && !met
  }
}
