import { copyButton } from '../copy-button.js'
import { element } from '../elements.js'

/** @import { Call } from './control-api.js' */
/** @import { Lab } from './lab.js' */

/**
 * The commands that some controls are, behind a button.
 * @param {Lab} lab
 * @param {string} about what they are of, for who does not see it
 * @param {() => Call[]} calls asked each time it is opened
 */
export function curlDisclosure (lab, about, calls) {
  const button = element('button', { type: 'button', class: 'curl-toggle', 'aria-expanded': 'false', 'aria-label': `curl: ${about}` }, 'curl')
  const place = element('div', { class: 'curls', hidden: '' })
  button.addEventListener('click', () => {
    place.hidden = !place.hidden
    button.setAttribute('aria-expanded', String(!place.hidden))
    if (!place.hidden) place.replaceChildren(...calls().map(call => commandOf(lab, call)))
  })
  return { button, place }
}

/**
 * A command, to be copied.
 * @param {Lab} lab
 * @param {Call} call
 */
export function commandOf (lab, call) {
  const text = element('pre', { tabindex: '0', 'aria-label': 'Command' }, lab.api.curlOf(call))
  return element('div', { class: 'command' }, text, copyButton(text, 'Copy'))
}

/**
 * A button that makes a call.
 * @param {Lab} lab
 * @param {string} label
 * @param {() => Call} call
 * @param {{ name?: string, done?: string, undo?: () => Call, sure?: string }} [options] `name` for who does not see what is around it,
 *   `sure` is asked before
 */
export function callButton (lab, label, call, { name, done, undo, sure } = {}) {
  const button = element('button', { type: 'button', ...(name !== undefined && { 'aria-label': name }) }, label)
  button.addEventListener('click', async () => {
    if (sure !== undefined && !await isSure(sure, label)) return
    // Taken before, as afterwards there is nothing left to be put back.
    const back = undo?.()
    await lab.run(call(), { done, undo: back })
  })
  return button
}

/**
 * @param {string} question
 * @param {string} label of the button that says yes
 * @returns {Promise<boolean>}
 */
function isSure (question, label) {
  const dialog = element('dialog', { class: 'question', 'aria-label': label }, element('form', { method: 'dialog' }, element('p', {}, question),
    element('p', { class: 'buttons' }, element('button', { value: 'yes', class: 'danger' }, label), element('button', { value: 'no' }, 'Cancel'))))
  document.body.append(dialog)
  dialog.showModal()
  return new Promise(resolve => dialog.addEventListener('close', () => {
    dialog.remove()
    resolve(dialog.returnValue === 'yes')
  }))
}
