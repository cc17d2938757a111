import { authorOf, dayOf, timeOf } from './descriptions.js'
import { button, element, words } from './elements.js'
import { contentOf } from './message-content.js'

/** @import { Message } from './types.js' */

const longestTyping = 10_000
const nearEnd = 120

/**
 * What was said in a conversation, in the order of its times.
 * @param {() => Promise<void>} loadEarlier
 */
export function createTranscript (loadEarlier) {
  /** @type {Map<string, { message: Message, note: string | undefined }>} */
  const lines = new Map()
  const log = element('div', { class: 'log', role: 'log', 'aria-label': 'Messages' })
  const earlier = button('Show earlier messages', 'button quiet earlier', async () => {
    earlier.disabled = true
    const before = scroller.scrollHeight - scroller.scrollTop
    await loadEarlier()
    scroller.scrollTop = scroller.scrollHeight - before
    earlier.disabled = false
  })
  earlier.hidden = true
  const typing = element('p', { class: 'typing', role: 'status' })
  const scroller = element('div', { class: 'transcript', tabindex: '0', role: 'region', 'aria-label': 'Conversation' },
    earlier, log, typing)
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typingTimer

  // Whoever reads the end goes on reading it, also when a picture arrives or the composer grows. Whoever reads what was
  // earlier is left there.
  let atEnd = true
  scroller.addEventListener('scroll', () => {
    atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < nearEnd
  })
  const sizes = new ResizeObserver(() => { if (atEnd) toEnd() })
  for (const sized of [scroller, log]) sizes.observe(sized)

  function toEnd () {
    scroller.scrollTop = scroller.scrollHeight
  }

  function render () {
    const sorted = [...lines.values()].sort((a, b) => a.message.channel.time.localeCompare(b.message.channel.time))
    /** @type {Map<string, Element>} */
    const shown = new Map([...log.children].map(child => [child.id, child]))
    const wanted = sorted.flatMap(({ message, note }, index) => {
      const day = dayOf(message.channel.time)
      const previous = sorted[index - 1]
      const newDay = !previous || dayOf(previous.message.channel.time) !== day
      const line = shown.get(lineId(message)) ?? lineOf(message)
      mark(line, note)
      return newDay ? [shown.get(`day-${day}`) ?? element('p', { class: 'day', id: `day-${day}` }, day), line] : [line]
    })
    for (const child of [...log.children]) if (!wanted.includes(child)) child.remove()
    // What stands where it should is left alone, so that only what is new is read out.
    for (const [index, node] of wanted.entries()) {
      if (log.children[index] !== node) log.insertBefore(node, log.children[index] ?? null)
    }
  }

  return {
    element: scroller,

    /** @param {string} id */
    has: id => lines.has(id),

    /**
     * @param {Message[]} messages
     * @param {boolean} more whether there are earlier ones
     */
    add (messages, more = !earlier.hidden) {
      earlier.hidden = !more
      for (const message of messages) lines.set(message.id, { note: lines.get(message.id)?.note, message })
      render()
    },

    /**
     * What became of a message of ours; it stands at the last one only.
     * @param {string} id
     * @param {string} note
     */
    annotate (id, note) {
      const line = lines.get(id)
      if (!line) return
      for (const other of lines.values()) other.note = undefined
      line.note = note
      render()
    },

    /**
     * @param {string} name
     * @param {boolean} on
     * @param {number} [duration]
     */
    showTyping (name, on, duration = 5_000) {
      clearTimeout(typingTimer)
      const dots = element('span', { class: 'dots', 'aria-hidden': 'true' }, element('i'), element('i'), element('i'))
      typing.replaceChildren(...on ? [dots, element('bdi', {}, name), ' is typing…'] : [])
      if (on) typingTimer = setTimeout(() => typing.replaceChildren(), Math.min(duration + 500, longestTyping))
    },

    toEnd
  }
}

/** @param {Message} message */
const lineId = ({ id }) => `message-${id}`

/** @param {Message} message */
function lineOf (message) {
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
    ...contentOf(message),
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
