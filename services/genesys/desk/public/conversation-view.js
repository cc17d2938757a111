import { RefusedError, attach, disconnect, openConversation, release, say, showTyping, take } from './api.js'
import { avatar, presenceOf, verifiedBadge } from './badges.js'
import { createComposer } from './composer.js'
import { authorOf, nameOf } from './descriptions.js'
import { button, element, iconButton } from './elements.js'
import { ask } from './question.js'
import { createTranscript } from './transcript.js'

/** @import { Draft } from './composer.js' */
/** @import { Conversation, Message } from './types.js' */

/**
 * One conversation: what was said in it, and what the agent can do.
 * @param {Conversation} conversation
 * @param {object} desk
 * @param {() => string} desk.myName
 * @param {(conversation: Conversation) => void} desk.changed
 * @param {() => void} desk.goBack
 * @param {() => void} desk.toggleGuest
 */
export function createConversationView (conversation, { myName, changed, goBack, toggleGuest }) {
  const { conversationId } = conversation
  let pages = 1
  let over = false

  const about = element('div', { class: 'about' })
  const state = element('p', { class: 'state', role: 'status' })
  const takeButton = button('Take conversation', 'button', () => attempt(takeConversation))
  const giveBackButton = button('Give back', 'button quiet', () => attempt(giveBack))
  const endButton = button('End conversation', 'button danger', () => attempt(endConversation))
  const guestButton = button('Guest details', 'button quiet guest-toggle', toggleGuest)
  guestButton.setAttribute('aria-controls', 'guest')
  guestButton.setAttribute('aria-expanded', 'false')
  const transcript = createTranscript(() => attempt(async () => {
    await load(pages + 1)
    pages += 1
  }))
  const composer = createComposer({
    say: async (text, quickReplies) => receive(await say(conversationId, myName(), text, quickReplies)),
    showTyping: on => showTyping(conversationId, myName(), on),
    attach: async file => receive(await attach(conversationId, myName(), file))
  })
  const view = element('div', { class: 'view' },
    element('header', { class: 'conversation-header' },
      iconButton('Back to the conversations', 'back', goBack), about,
      element('div', { class: 'acts' }, guestButton, takeButton, giveBackButton, endButton)),
    transcript.element,
    state,
    composer.element)

  const isMine = () => conversation.agent?.name === myName()

  /** @param {() => Promise<void>} act */
  async function attempt (act) {
    try {
      await act()
      update()
    } catch (error) {
      update()
      state.textContent = error instanceof RefusedError ? error.message : 'Something went wrong.'
    }
  }

  async function takeConversation () {
    const { agent } = conversation
    const question = `${agent?.name} has taken this conversation. The guest will hear from you instead.`
    if (agent && !await ask('Take over?', question, 'Take over')) return
    try {
      changed(await take(conversationId, myName(), agent !== null))
    } catch (error) {
      // Somebody was faster, and it does not show here yet.
      if (agent || !(error instanceof RefusedError) || error.status !== 409) throw error
      if (!await ask('Take over?', error.message, 'Take over')) return
      changed(await take(conversationId, myName(), true))
    }
    composer.focus()
  }

  async function giveBack () {
    changed(await release(conversationId, myName()))
    takeButton.focus()
  }

  async function endConversation () {
    if (!await ask('End this conversation?', 'The guest is told that you have left.', 'End it')) return
    await disconnect(conversationId, myName())
    transcript.element.focus()
  }

  /** @param {number} page */
  async function load (page) {
    const { messages } = await openConversation(conversationId, page)
    const met = messages.entities.some(({ id }) => transcript.has(id))
    const more = messages.pageNumber < messages.pageCount
    transcript.add(messages.entities, more)
    return more && !met
  }

  /** @param {Message} message */
  function receive (message) {
    const [event] = message.events ?? []
    const who = authorOf(message)
    if (event?.eventType === 'Typing') {
      if (message.originatingEntity === 'Human' && who === myName()) return
      transcript.showTyping(who ?? nameOf(conversation), event.typing.type === 'On', event.typing.duration)
      return
    }
    if (message.direction === 'Inbound' || message.originatingEntity === 'Bot') transcript.showTyping('', false)
    transcript.add([message])
    if (message.originatingEntity === 'Human' && message.type !== 'Event') {
      transcript.annotate(message.id, conversation.connections > 0 ? 'Delivered' : 'Kept until the guest is back')
    }
  }

  function update () {
    const presence = element('span', { class: 'presence' }, presenceOf(conversation))
    about.replaceChildren(avatar(conversation), element('div', {},
      element('h2', { dir: 'auto' }, nameOf(conversation)),
      element('p', { class: 'marks' }, verifiedBadge(conversation), presence)))
    const writable = isMine() && !conversation.readOnly && !over
    takeButton.hidden = isMine() || conversation.readOnly || over
    giveBackButton.hidden = endButton.hidden = !writable
    composer.setWritable(writable)
    // What was typed is not taken from whoever has typed it.
    composer.element.hidden = !writable && composer.isEmpty()
    state.textContent = stateText()
    state.hidden = state.textContent === ''
  }

  function stateText () {
    if (over) return 'This conversation is over: the guest has cleared it, or it has expired.'
    if (conversation.readOnly) return 'This conversation has ended: it can only be read.'
    if (!conversation.agent) {
      const who = conversation.scripted ? 'Robin, the script, is answering.' : 'Nobody is answering.'
      return `${who} Take the conversation to write yourself.`
    }
    if (!isMine()) return `${conversation.agent.name} has taken this conversation.`
    return ''
  }

  update()

  return {
    element: view,
    conversationId,
    receive,

    /** Load the latest messages. */
    async load () {
      await attempt(async () => { await load(1) })
    },

    /** Load what was said while the connection was lost, back to what is there already. */
    async catchUp () {
      await attempt(async () => {
        let page = 1
        while (await load(page)) page += 1
        pages = Math.max(pages, page)
      })
    },

    /** @param {Conversation} changedTo */
    show (changedTo) {
      conversation = changedTo
      update()
    },

    end () {
      over = true
      update()
    },

    refresh: update,
    toEnd: transcript.toEnd,

    isDraftEmpty: composer.isEmpty,
    /** @returns {Draft} */
    draft: composer.draft,
    /** @param {Draft} draft */
    restore (draft) {
      composer.restore(draft)
      update()
    }
  }
}
