import { element, find } from '../elements.js'
import { chooseRealm } from '../realm-chooser.js'

/** Has the whole lab put back, once that was confirmed, and says what came of it. */
export function putBack () {
  const button = find('.put-back', HTMLButtonElement)
  const dialog = find('dialog.sure', HTMLDialogElement)
  const result = find('.put-back-result', HTMLElement)
  const { app, issuer } = find('.steps', HTMLElement).dataset

  button.addEventListener('click', () => {
    dialog.returnValue = ''
    dialog.showModal()
  })
  dialog.addEventListener('close', async () => {
    if (dialog.returnValue !== 'yes') return
    button.disabled = true
    result.replaceChildren('Putting everything back…')
    result.replaceChildren(...await everything())
    button.disabled = false
    result.focus()
  })

  async function everything () {
    const response = await fetch('lab', { method: 'DELETE' }).catch(() => undefined)
    const answer = await response?.json()
    if (!response?.ok) return [element('p', { class: 'problem' }, `Nothing was put back: ${answer?.error_description ?? 'the console does not answer'}`)]
    chooseRealm('')
    const names = (/** @type {string} */ url) => url === app ? 'Application' : url === issuer ? 'Identity provider' : 'Genesys stand-in'
    const all = [[issuer ?? '', answer.done], ...Object.entries(answer.services ?? {})]
    return [element('ul', {}, ...all.map(([url, done]) => element('li', {}, element('strong', {}, `${names(url)}: `), inWords(done))))]
  }
}

/** @param {string} done */
function inWords (done) {
  if (done === 'not reachable') return 'is not reached, so nothing was put back there.'
  return done === 'refused' ? 'has refused it: it is no lab, or known by another address.' : done
}
