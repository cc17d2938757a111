import { button, element, iconButton } from './elements.js'

/** @import { QuickReply } from './types.js' */

const most = 10

/**
 * Where an agent writes the buttons that go under the next message.
 * @param {() => void} changed
 */
export function createQuickReplyEditor (changed) {
  /** @type {QuickReply[]} */
  let replies = []
  const text = element('input', { type: 'text', id: 'quick-reply-text', maxlength: '80' })
  const payload = element('input', { type: 'text', id: 'quick-reply-payload', maxlength: '200', placeholder: 'as the text' })
  const chips = element('ul', { class: 'offered', 'aria-label': 'Buttons under your message' })
  const add = button('Add', 'button quiet', addReply)
  const editor = element('fieldset', { class: 'quick-replies', id: 'quick-replies' },
    element('legend', {}, 'Quick replies'),
    element('p', { class: 'hint' }, 'Buttons under your next message. The guest answers by choosing one.'),
    chips,
    element('div', { class: 'new-reply' },
      element('label', {}, element('span', {}, 'Button text'), text),
      element('label', {}, element('span', {}, 'Payload'), payload),
      add))
  editor.hidden = true

  for (const input of [text, payload]) {
    input.addEventListener('keydown', event => {
      if (event.key !== 'Enter' || event.isComposing) return
      event.preventDefault()
      addReply()
    })
  }

  function addReply () {
    const reply = { text: text.value.trim(), ...payload.value.trim() && { payload: payload.value.trim() } }
    text.focus()
    if (reply.text === '' || replies.length >= most) return
    replies = [...replies, reply]
    text.value = payload.value = ''
    show()
  }

  function show () {
    add.disabled = replies.length >= most
    chips.replaceChildren(...replies.map(reply => element('li', { class: 'offer' },
      element('bdi', {}, reply.text),
      iconButton(`Remove ${reply.text}`, 'close', () => {
        replies = replies.filter(other => other !== reply)
        text.focus()
        show()
      }))))
    changed()
  }

  return {
    element: editor,

    /** Text that was written and not added counts too: who presses Send means it. */
    take () {
      if (text.value.trim() !== '') addReply()
      return replies
    },

    count: () => replies.length,

    /** @param {QuickReply[]} others */
    set (others) {
      replies = others
      text.value = payload.value = ''
      show()
    },

    /** @param {boolean} open */
    open (open) {
      editor.hidden = !open
      if (open) text.focus()
    }
  }
}
