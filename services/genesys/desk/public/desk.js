// The agent desk: which conversations there are, and the one that is open.

import { keepAgentName, agentName } from './agent-name.js'
import { listConversations, openConversation, take } from './api.js'
import { ConversationList } from './conversation-list.js'
import { ConversationView } from './conversation-view.js'
import { find } from './elements.js'
import { GuestPanel } from './guest-panel.js'
import { KnownConversations } from './known-conversations.js'
import { watch } from './live-events.js'

/** @import { Draft } from './reply-composer.js' */
/** @import { Conversation } from './desk-api-types.js' */

const connection = find('#connection', HTMLElement)
const desk = find('#desk', HTMLElement)
const earlier = find('#earlier-conversations', HTMLButtonElement)
const guestPanel = find('#guest', HTMLElement)
const main = find('#conversation', HTMLElement)
const noChoice = find('#no-choice', HTMLElement)
const noConversations = find('#no-conversations', HTMLElement)
const nameField = find('#name', HTMLInputElement)

const conversations = new KnownConversations()
const guest = new GuestPanel(guestPanel, toggleGuest)
const list = new ConversationList(find('#conversations', HTMLElement), id => { location.hash = id })
/** @type {Map<string, Draft>} */
const drafts = new Map()
/** @type {ConversationView | undefined} */
let view
let pages = 1

let myName = agentName()
nameField.value = myName
nameField.addEventListener('change', rename)

earlier.addEventListener('click', async () => {
  try {
    const { entities, more } = await listConversations(pages + 1)
    pages += 1
    conversations.load(entities, false)
    earlier.hidden = !more
    showList()
  } catch {
    connection.textContent = 'Earlier conversations could not be loaded. Try again.'
  }
})

window.addEventListener('hashchange', choose)
document.addEventListener('visibilitychange', markRead)
document.addEventListener('keydown', event => {
  if (event.key === 'Escape' && desk.classList.contains('guest-open')) toggleGuest()
})

watch({
  ready: reload,
  lost () { connection.textContent = 'The connection is lost. Connecting again…' },
  conversation (conversation) {
    show(conversations.put({ ...conversation }))
  },
  async message ({ conversationId, message }) {
    const isEvent = message.type === 'Event'
    const conversation = conversations.get(conversationId) ?? (isEvent ? undefined : await fetchConversation(conversationId))
    if (!conversation) return
    if (view?.conversationId === conversationId) view.receive(message)
    if (isEvent) return
    if (message.direction === 'Inbound') conversations.countUnread(conversationId)
    show(conversations.put({ ...conversation, lastMessage: message, lastActive: message.channel.time }))
    markRead()
  },
  presence ({ conversationId, connections }) {
    const conversation = conversations.get(conversationId)
    if (conversation) show(conversations.put({ ...conversation, connections }))
  },
  journey: ({ conversationId }) => guest.journeyChanged(conversationId),
  ended ({ conversationId }) {
    conversations.delete(conversationId)
    if (view?.conversationId === conversationId) view.end()
    showList()
  }
})

async function reload () {
  connection.textContent = ''
  conversations.expectLoad()
  pages = 1
  try {
    const { entities, more } = await listConversations(pages)
    conversations.load(entities, true)
    earlier.hidden = !more
  } catch {
    connection.textContent = 'The conversations could not be loaded. Reload the page to try again.'
    return
  }
  const openBefore = view
  await choose()
  if (view && view === openBefore) {
    guest.journeyChanged(view.conversationId)
    await view.catchUp()
  }
  showList()
}

/** Show the conversation that the address names. */
async function choose () {
  const id = location.hash.slice(1)
  if (view?.conversationId === id) return refresh()
  leave()
  const conversation = id === '' ? undefined : conversations.get(id) ?? await fetchConversation(id)
  if (location.hash.slice(1) !== id) return
  desk.classList.toggle('chosen', conversation !== undefined)
  noChoice.hidden = conversation !== undefined
  guestPanel.hidden = conversation === undefined
  if (!conversation) return showList()

  const opened = new ConversationView(conversation, {
    myName: () => myName,
    changed: changed => show(conversations.put(changed)),
    goBack () {
      location.hash = ''
      list.focus(id)
    },
    toggleGuest
  })
  view = opened
  main.append(opened.node)
  main.focus()
  const draft = drafts.get(id)
  if (draft) opened.restore(draft)
  guest.show(conversation)
  await opened.load()
  opened.toEnd()
  markRead()
  showList()
}

function leave () {
  if (!view) return
  if (view.isDraftEmpty()) drafts.delete(view.conversationId)
  else drafts.set(view.conversationId, view.draft())
  view.node.remove()
  view = undefined
  desk.classList.remove('guest-open')
}

/** What may have changed of the open conversation while the page was not connected. */
function refresh () {
  if (!view) return
  const conversation = conversations.get(view.conversationId)
  if (conversation) show(conversation)
  else view.end()
}

/** @param {string} id */
async function fetchConversation (id) {
  try {
    const { messages, ...conversation } = await openConversation(id)
    const lastMessage = messages.entities.find(({ type }) => type !== 'Event')
    return conversations.put({ ...conversation, ...lastMessage && { lastMessage } })
  } catch {
    // Over, or an address that somebody has made up.
    return undefined
  }
}

/** @param {Conversation} conversation */
function show (conversation) {
  if (view?.conversationId === conversation.conversationId) {
    view.show(conversation)
    guest.show(conversation)
  }
  showList()
}

function showList () {
  const sorted = conversations.sorted()
  list.show(sorted, id => conversations.unreadOf(id), view?.conversationId)
  noConversations.hidden = sorted.length > 0
  const unread = conversations.totalUnread()
  document.title = unread > 0 ? `(${unread}) Agent desk` : 'Agent desk'
}

/** What is on the screen counts as read. */
function markRead () {
  if (!view || document.visibilityState !== 'visible') return
  conversations.markRead(view.conversationId)
  showList()
}

function toggleGuest () {
  const open = desk.classList.toggle('guest-open')
  const toggle = find('.guest-toggle', HTMLElement)
  toggle.setAttribute('aria-expanded', String(open))
  const next = open ? find('#guest button', HTMLElement) : toggle
  next.focus()
}

/** Whoever goes on under another name keeps their conversations. */
async function rename () {
  const before = myName
  myName = nameField.value.trim() || before
  nameField.value = myName
  keepAgentName(myName)
  const mine = conversations.sorted().filter(({ agent, readOnly }) => agent?.name === before && !readOnly)
  await Promise.allSettled(mine.map(async ({ conversationId }) => {
    show(conversations.put(await take(conversationId, myName, true)))
  }))
  view?.refresh()
}
