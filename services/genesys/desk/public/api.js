/** @import { Conversation, Message, Page, QuickReply, ReadyMessage, VisitorJourney } from './desk-api-types.js' */

const root = new URL('conversations', import.meta.url).href

/** A request that was refused, in words that can be shown. */
export class RefusedError extends Error {
  /** @override */
  name = 'RefusedError'

  /**
   * @param {number} status
   * @param {string} message
   */
  constructor (status, message) {
    super(message)
    this.status = status
  }
}

/**
 * @param {number} pageNumber
 * @returns {Promise<Page<Conversation> & { more: boolean }>}
 */
export const listConversations = pageNumber => ask(`${root}?pageNumber=${pageNumber}`)

/**
 * @param {string} id
 * @param {number} pageNumber
 * @returns {Promise<Conversation & { messages: Page<Message> & { pageCount: number } }>}
 */
export const openConversation = (id, pageNumber = 1) => ask(`${root}/${id}?pageNumber=${pageNumber}&pageSize=50`)

/**
 * @param {string} id
 * @param {string} name
 * @param {boolean} takeOver
 * @returns {Promise<Conversation>}
 */
export const take = (id, name, takeOver = false) => send(`${root}/${id}/take`, { name, takeOver })

/**
 * @param {string} id
 * @param {string} name
 * @returns {Promise<Conversation>}
 */
export const release = (id, name) => send(`${root}/${id}/release`, { name })

/**
 * @param {string} id
 * @param {string} name
 * @param {string} text
 * @param {QuickReply[]} quickReplies
 * @returns {Promise<Message>}
 */
export const say = (id, name, text, quickReplies) => send(`${root}/${id}/messages`, { name, text, quickReplies })

/**
 * @param {string} id
 * @param {string} message
 * @returns {Promise<Message>}
 */
export const fetchMessage = (id, message) => ask(`${root}/${id}/messages/${encodeURIComponent(message)}`)

/**
 * @param {string} id
 * @returns {Promise<VisitorJourney>}
 */
export const fetchVisitorJourney = id => ask(`${root}/${id}/journey`)

/** @returns {Promise<ReadyMessage[]>} */
export const readyMessages = () => ask(new URL('ready-messages', import.meta.url).href)

/**
 * @param {string} id
 * @param {string} name
 * @param {string} message
 * @returns {Promise<Message>}
 */
export const sendReady = (id, name, message) => send(`${root}/${id}/ready-messages`, { name, id: message })

/**
 * @param {string} id
 * @param {string} name
 * @param {string} text
 * @param {{ options: string[], multipleSelection: boolean }} list
 * @returns {Promise<Message>}
 */
export const sendList = (id, name, text, list) => send(`${root}/${id}/lists`, { name, text, list })

/**
 * @param {string} id
 * @param {string} name
 * @param {boolean} on
 */
export const showTyping = (id, name, on) => send(`${root}/${id}/typing`, { name, on })

/**
 * @param {string} id
 * @param {string} name
 */
export const disconnect = (id, name) => send(`${root}/${id}/disconnect`, { name })

/**
 * @param {string} id
 * @param {string} name
 * @param {File} file
 * @returns {Promise<Message>}
 */
export const attach = (id, name, file) => ask(`${root}/${id}/attachments?${new URLSearchParams({ name, fileName: file.name })}`, {
  method: 'POST', headers: { 'content-type': file.type || 'application/octet-stream' }, body: file
})

/**
 * @param {string} path
 * @param {object} body
 */
const send = (path, body) => ask(path, {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body)
})

/**
 * @param {string} path
 * @param {RequestInit} [init]
 */
async function ask (path, init) {
  const response = await fetch(path, { cache: 'no-store', ...init }).catch(() => {
    throw new RefusedError(0, 'The desk cannot be reached. Try again in a moment.')
  })
  if (response.status === 204) return undefined
  const body = await response.json().catch(() => undefined)
  if (!response.ok) throw new RefusedError(response.status, body?.message ?? `The desk answered with ${response.status}.`)
  return body
}
