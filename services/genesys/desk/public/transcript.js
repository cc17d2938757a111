import { authorOf, dayOf, timeOf } from './formats.js'
import { button, element, words } from './elements.js'
import { contentOf, originOf } from './message-content.js'

/** @import { Message } from './desk-api-types.js' */

const longestTypingMs = 10_000
const typingGraceMs = 500
const nearEndPixels = 120

/** What was said in a conversation, in the order of its times. */
export class Transcript {
  #fetchMessage
  /** @type {Map<string, { message: Message, note: string | undefined }>} */
  #lines = new Map()
  /** @type {Map<string, Message>} */
  #originals = new Map()
  #log = element('div', { class: 'log', role: 'log', 'aria-label': 'Messages' })
  #earlier
  #typing = element('p', { class: 'typing', role: 'status' })
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typingTimer

  /**
   * @param {() => Promise<void>} loadEarlier
   * @param {(id: string) => Promise<Message>} fetchMessage one that may stand further back than what is loaded
   */
  constructor (loadEarlier, fetchMessage) {
    this.#fetchMessage = fetchMessage
    this.#earlier = button('Show earlier messages', 'button quiet earlier', async () => {
      this.#earlier.disabled = true
      const before = this.node.scrollHeight - this.node.scrollTop
      await loadEarlier()
      this.node.scrollTop = this.node.scrollHeight - before
      this.#earlier.disabled = false
    })
    this.#earlier.hidden = true
    this.node = element('div', { class: 'transcript', tabindex: '0', role: 'region', 'aria-label': 'Messages' },
      this.#earlier, this.#log, this.#typing)
    this.#stayAtEnd()
  }

  /** @param {string} id */
  has (id) {
    return this.#lines.has(id)
  }

  /**
   * @param {Message[]} messages
   * @param {boolean} more whether there are earlier ones
   */
  add (messages, more = !this.#earlier.hidden) {
    this.#earlier.hidden = !more
    for (const message of messages) this.#lines.set(message.id, { note: this.#lines.get(message.id)?.note, message })
    this.#render()
    for (const message of messages) this.#completeWithOriginal(message)
  }

  /**
   * What became of a message of ours; it stands at the last one only.
   * @param {string} id
   * @param {string} note
   */
  annotate (id, note) {
    const line = this.#lines.get(id)
    if (!line) return
    for (const other of this.#lines.values()) other.note = undefined
    line.note = note
    this.#render()
  }

  /**
   * @param {string} name
   * @param {boolean} on
   * @param {number} [durationMs]
   */
  showTyping (name, on, durationMs = 5_000) {
    clearTimeout(this.#typingTimer)
    const dots = element('span', { class: 'dots', 'aria-hidden': 'true' }, element('i'), element('i'), element('i'))
    this.#typing.replaceChildren(...on ? [dots, element('bdi', {}, name), ' is typing…'] : [])
    if (!on) return
    const shownMs = Math.min(durationMs + typingGraceMs, longestTypingMs)
    this.#typingTimer = setTimeout(() => this.#typing.replaceChildren(), shownMs)
  }

  toEnd () {
    this.node.scrollTop = this.node.scrollHeight
  }

  // Whoever reads the end goes on reading it, also when a picture arrives or the composer grows. Whoever reads what was
  // earlier is left there: who has scrolled up, since what grows meanwhile takes nobody from the end.
  #stayAtEnd () {
    let atEnd = true
    let lastTop = 0
    this.node.addEventListener('scroll', () => {
      const { scrollHeight, scrollTop, clientHeight } = this.node
      if (scrollHeight - scrollTop - clientHeight < nearEndPixels) atEnd = true
      else if (scrollTop < lastTop) atEnd = false
      lastTop = scrollTop
    })
    const sizes = new ResizeObserver(() => { if (atEnd) this.toEnd() })
    for (const sized of [this.node, this.#log]) sizes.observe(sized)
  }

  #render () {
    const log = this.#log
    const sorted = [...this.#lines.values()].sort((a, b) => a.message.channel.time.localeCompare(b.message.channel.time))
    /** @type {Map<string, Element>} */
    const shown = new Map([...log.children].map(child => [child.id, child]))
    const wanted = sorted.flatMap(({ message, note }, index) => {
      const day = dayOf(message.channel.time)
      const previous = sorted[index - 1]
      const newDay = !previous || dayOf(previous.message.channel.time) !== day
      const line = shown.get(lineId(message)) ?? lineOf(message, id => this.#messageOf(id))
      mark(line, note)
      return newDay ? [shown.get(`day-${day}`) ?? element('p', { class: 'day', id: `day-${day}` }, day), line] : [line]
    })
    for (const child of [...log.children]) if (!wanted.includes(child)) child.remove()
    // What stands where it should is left alone, so that only what is new is read out.
    for (const [index, node] of wanted.entries()) {
      if (log.children[index] !== node) log.insertBefore(node, log.children[index] ?? null)
    }
  }

  /** @param {string} id */
  #messageOf (id) {
    return this.#lines.get(id)?.message ?? this.#originals.get(id)
  }

  /**
   * An answer names what it answers by its id alone.
   * @param {Message} answer
   */
  async #completeWithOriginal (answer) {
    const id = originOf(answer)
    if (id === undefined || this.#messageOf(id)) return
    // Without it the answer stands there as it came.
    const original = await this.#fetchMessage(id).catch(() => undefined)
    if (!original) return
    this.#originals.set(id, original)
    this.#log.children.namedItem(lineId(answer))?.remove()
    this.#render()
  }
}

/** @param {Message} message */
const lineId = ({ id }) => `message-${id}`

/**
 * @param {Message} message
 * @param {(id: string) => Message | undefined} original
 */
function lineOf (message, original) {
  if (message.type === 'Event') {
    return element('p', { class: 'event', id: lineId(message) }, eventText(message), ' ', whenOf(message))
  }
  const author = authorOf(message)
  const script = message.originatingEntity === 'Bot'
  const tag = script ? [' ', element('span', { class: 'tag' }, 'script')] : []
  const look = `line ${message.direction === 'Inbound' ? 'theirs' : script ? 'ours script' : 'ours'}`
  return element('div', { class: look, id: lineId(message) },
    ...author === undefined
      ? [element('span', { class: 'visually-hidden' }, 'Guest: ')]
      : [element('p', { class: 'author' }, words('bdi', '', author), ...tag)],
    ...contentOf(message, original),
    element('p', { class: 'meta' }, whenOf(message), element('span', { class: 'note' })))
}

/** @param {Message} message */
const whenOf = ({ channel }) => element('time', { datetime: channel.time }, timeOf(channel.time))

/**
 * @param {Element} line
 * @param {string | undefined} note
 */
function mark (line, note) {
  const place = line.querySelector('.note')
  if (place && place.textContent !== (note ?? '')) place.textContent = note ?? ''
}

/** @param {Message} message */
function eventText ({ events = [], direction, metadata }) {
  const [event] = events
  if (event?.eventType !== 'Presence') return ''
  switch (event.presence.type) {
    case 'Join':
      return 'The guest has joined.'
    case 'SignIn':
      return 'The guest has signed in.'
    case 'Clear':
      return 'The guest has cleared the conversation.'
    case 'Disconnect': {
      const who = direction === 'Inbound' ? 'The guest has left.' : 'The agent has left.'
      return metadata?.readOnly === 'true' ? `${who} The conversation has ended.` : who
    }
  }
}
