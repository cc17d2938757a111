import { element } from './elements.js'

/**
 * A button that copies the text of an element.
 * @param {HTMLElement} text
 * @param {string} label
 */
export function copyButton (text, label) {
  const button = element('button', { type: 'button', class: 'copy' }, label)
  button.addEventListener('click', () => {
    // The clipboard's own interface is for secure contexts alone; this works at http://192.168.… too.
    getSelection()?.selectAllChildren(text)
    button.textContent = document.execCommand('copy') ? 'Copied' : 'Selected: copy it'
  })
  return button
}
