import { element, find } from './elements.js'
import { call } from './lessons/attempt.js'

/** @typedef {{ name: string, progress: { lesson: number, begunAt: number, provenAt?: number }[] }} Learner */

const problem = find('.problem', HTMLElement)
const nameForm = find('form.name', HTMLFormElement)
const nameField = find('form.name input', HTMLInputElement)
const importField = find('.import input', HTMLInputElement)

/** @param {Promise<Learner>} pending */
async function show (pending) {
  problem.hidden = true
  try {
    const { name, progress } = await pending
    if (document.activeElement !== nameField) nameField.value = name
    const items = [...document.querySelectorAll('.path li[data-lesson]')].filter(item => item instanceof HTMLElement)
    for (const item of items) {
      const entry = progress.find(({ lesson }) => String(lesson) === item.dataset['lesson'])
      item.classList.toggle('proven', entry?.provenAt !== undefined)
      item.querySelector('.state')?.replaceChildren(entry === undefined ? '' : entry.provenAt === undefined ? 'begun' : element('span', {}, '✓ proven'))
    }
    find('.progress', HTMLElement).textContent = `${progress.filter(({ provenAt }) => provenAt !== undefined).length} of ${items.length} proven`
  } catch (error) {
    problem.textContent = error instanceof Error ? error.message : String(error)
    problem.hidden = false
  }
}

nameForm.addEventListener('submit', event => {
  event.preventDefault()
  show(call('PUT', 'learner', { name: nameField.value }))
})
importField.addEventListener('change', async () => {
  const [file] = importField.files ?? []
  if (!file) return
  await show(file.text().then(text => JSON.parse(text)).then(read => call('PUT', 'progress', read)))
  importField.value = ''
})
find('.forget', HTMLButtonElement).addEventListener('click', () => show(call('DELETE', 'progress')))

show(call('GET', 'learner'))
