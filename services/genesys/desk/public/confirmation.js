import { find } from './elements.js'

/**
 * Ask before something that cannot be undone.
 * @param {string} heading
 * @param {string} text
 * @param {string} yes what the button says that does it
 * @returns {Promise<boolean>}
 */
export async function ask (heading, text, yes) {
  const dialog = find('#question', HTMLDialogElement)
  const [no, confirm] = dialog.querySelectorAll('button')
  find('#question h2', HTMLElement).textContent = heading
  find('#question p', HTMLElement).textContent = text
  if (!no || !confirm) throw new Error('The question has no answers')
  confirm.textContent = yes
  dialog.returnValue = 'no'
  for (const button of [no, confirm]) button.onclick = () => dialog.close(button.value)
  dialog.showModal()
  no.focus()
  return await new Promise(resolve => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true })
  })
}
