import { RefusedError } from './api.js'
import { element, iconButton } from './elements.js'
import { createQuickReplyEditor } from './quick-replies.js'

/** @import { QuickReply } from './types.js' */
/** @typedef {{ text: string, quickReplies: QuickReply[] }} Draft */

const typingInterval = 4_000

/**
 * Where the agent writes. What was typed stays until it has been sent.
 * @param {object} acts
 * @param {(text: string, quickReplies: QuickReply[]) => Promise<void>} acts.say
 * @param {(on: boolean) => Promise<void>} acts.showTyping
 * @param {(file: File) => Promise<void>} acts.attach
 */
export function createComposer ({ say, showTyping, attach }) {
  let writable = false
  let busy = false
  let lastTyping = 0

  const reply = element('textarea', {
    id: 'reply', rows: '1', maxlength: '4096', placeholder: 'Write a reply', dir: 'auto', 'aria-describedby': 'composer-hint'
  })
  const quickReplies = createQuickReplyEditor(update)
  const file = element('input', { type: 'file', class: 'visually-hidden', tabindex: '-1', 'aria-hidden': 'true' })
  const attachButton = iconButton('Attach a file', 'attach', () => file.click())
  const repliesButton = iconButton('Quick replies', 'replies', () => openReplies(!areRepliesOpen()))
  repliesButton.setAttribute('aria-controls', 'quick-replies')
  const sendButton = element('button', { type: 'submit', class: 'button' }, 'Send')
  const problem = element('p', { class: 'problem', role: 'alert' })
  const progress = element('p', { class: 'progress', role: 'status' })
  const form = element('form', { class: 'composer' },
    quickReplies.element,
    problem,
    progress,
    element('div', { class: 'row' },
      attachButton, file, repliesButton,
      element('label', { class: 'visually-hidden', for: 'reply' }, 'Reply'), reply,
      sendButton),
    element('p', { class: 'hint', id: 'composer-hint' }, 'Enter sends, Shift and Enter starts a new line'))

  const areRepliesOpen = () => repliesButton.getAttribute('aria-expanded') === 'true'

  /** @param {boolean} open */
  function openReplies (open) {
    repliesButton.setAttribute('aria-expanded', String(open))
    quickReplies.open(open)
    if (!open) reply.focus()
  }

  function update () {
    const empty = reply.value.trim() === ''
    sendButton.disabled = !writable || empty || busy
    attachButton.disabled = repliesButton.disabled = !writable
    reply.readOnly = !writable
    if (quickReplies.count() > 0) repliesButton.dataset['count'] = String(quickReplies.count())
    else delete repliesButton.dataset['count']
  }

  /**
   * @param {string} what
   * @param {() => Promise<void>} act
   */
  async function attempt (what, act) {
    busy = true
    problem.textContent = ''
    update()
    try {
      await act()
    } catch (error) {
      problem.textContent = `${what}: ${error instanceof RefusedError ? error.message : 'something went wrong.'}`
    } finally {
      busy = false
      update()
    }
  }

  async function sendReply () {
    const text = reply.value
    if (!writable || busy || text.trim() === '') return
    const replies = quickReplies.take()
    await attempt('Not sent', async () => {
      await say(text.trim(), replies)
      if (reply.value === text) reply.value = ''
      quickReplies.set([])
      if (areRepliesOpen()) openReplies(false)
      lastTyping = 0
    })
  }

  form.addEventListener('submit', event => {
    event.preventDefault()
    sendReply()
  })
  reply.addEventListener('keydown', event => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    sendReply()
  })
  reply.addEventListener('input', () => {
    update()
    const on = reply.value.trim() !== ''
    const now = Date.now()
    if (!writable || (on && now - lastTyping < typingInterval) || (!on && lastTyping === 0)) return
    lastTyping = on ? now : 0
    // A hint, which may get lost.
    showTyping(on).catch(() => {})
  })
  file.addEventListener('change', async () => {
    const [chosen] = file.files ?? []
    if (!chosen) return
    progress.textContent = `Sending ${chosen.name}…`
    await attempt(`${chosen.name} was not sent`, () => attach(chosen))
    progress.textContent = ''
    file.value = ''
  })

  openReplies(false)

  return {
    element: form,

    /** @param {boolean} can */
    setWritable (can) {
      writable = can
      update()
    },

    /** @returns {Draft} */
    draft: () => ({ text: reply.value, quickReplies: quickReplies.take() }),

    /** @param {Draft} draft */
    restore ({ text, quickReplies: replies }) {
      reply.value = text
      quickReplies.set(replies)
      update()
    },

    isEmpty: () => reply.value.trim() === '' && quickReplies.count() === 0,

    focus: () => reply.focus()
  }
}
