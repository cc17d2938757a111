import { element, find } from './elements.js'
import { Attempt } from './lessons/attempt.js'
import { showProof } from './lessons/proof.js'

/** @import { AttemptView } from './lessons/types.js' */

const number = Number(find('.lesson-text', HTMLElement).dataset['number'])
const attempt = new Attempt(number, show)

const begin = find('.begin', HTMLButtonElement)
const startOver = find('.start-over', HTMLButtonElement)
const problem = find('.problem', HTMLElement)
const cameOfIt = find('.came-of-it', HTMLElement)
const steps = find('.steps', HTMLElement)
const frame = find('.picture iframe', HTMLIFrameElement)
const mend = document.querySelector('form.mend')

/** Whatever is asked for by a button: it waits, and what goes wrong is said.
 * @param {HTMLButtonElement} button
 * @param {() => Promise<unknown>} work
 */
async function run (button, work) {
  problem.hidden = true
  cameOfIt.textContent = ''
  button.disabled = true
  button.setAttribute('aria-busy', 'true')
  try {
    await work()
  } catch (error) {
    problem.textContent = error instanceof Error ? error.message : String(error)
    problem.hidden = false
    problem.scrollIntoView({ block: 'nearest' })
  } finally {
    button.disabled = false
    button.removeAttribute('aria-busy')
  }
}

begin.addEventListener('click', () => run(begin, () => attempt.begin()))
startOver.addEventListener('click', () => run(startOver, async () => {
  await attempt.begin()
  for (const proof of document.querySelectorAll('.proof, .loot')) proof.replaceChildren()
  for (const real of document.querySelectorAll('.real, .next')) if (real instanceof HTMLElement) real.hidden = true
  if (mend instanceof HTMLFormElement) mend.reset()
  cameOfIt.textContent = 'Begun anew: nothing is left of before.'
}))

for (const button of document.querySelectorAll('[data-call]')) {
  if (!(button instanceof HTMLButtonElement)) continue
  const call = button.dataset['call'] ?? ''
  button.addEventListener('click', () => run(button, () => callFor(call)))
}

/** @param {string} call */
async function callFor (call) {
  if (call === 'break') return show(await attempt.put('broken', { broken: true }))
  if (call === 'proof') {
    const lines = find('.proof', HTMLElement)
    lines.replaceChildren()
    const { proof, attempt: view } = await attempt.post('proof')
    showProof(lines, proof)
    return show(view)
  }
  if (call === 'real-attack') {
    const { refused } = await attempt.post('real-attack')
    const said = find('.real', HTMLElement)
    said.textContent = refused
    said.hidden = false
    return
  }
  show(await attempt.post(call))
}

mend?.addEventListener('submit', event => {
  event.preventDefault()
  if (!(mend instanceof HTMLFormElement) || !(event instanceof SubmitEvent) || !(event.submitter instanceof HTMLButtonElement)) return
  const chosen = [...mend.querySelectorAll('input:checked')].filter(input => input instanceof HTMLInputElement)
  run(event.submitter, async () => {
    if (chosen.length === 0) throw new Error('Choose one of them first.')
    const { tried, attempt: view } = await attempt.put('mended', { mended: chosen.map(({ value }) => value).filter(value => value !== ''), edits: chosen.some(({ dataset }) => 'edits' in dataset) })
    show(view)
    cameOfIt.textContent = tried.says + (tried.ok ? ' Whether nothing else was weakened, the proof will say.' : '')
  })
})

/** @param {AttemptView | undefined} view nothing before it has begun */
function show (view) {
  begin.hidden = view !== undefined
  startOver.hidden = view === undefined
  steps.hidden = view === undefined
  if (!view) return
  const current = view.steps.find(({ done }) => !done)?.name
  for (const { name, done } of view.steps) {
    const item = steps.querySelector(`[data-step="${name}"]`)
    item?.classList.toggle('done', done)
    if (name === current) item?.setAttribute('aria-current', 'step')
    else item?.removeAttribute('aria-current')
  }
  showAddresses(view)
  for (const curl of steps.querySelectorAll('[data-curl]')) {
    if (curl instanceof HTMLElement) curl.textContent = (curl.dataset['curl'] === 'break' ? view.curl.break : view.curl.mend).join('\n')
  }
  steps.querySelector('.loot')?.replaceChildren(...view.loot.flatMap(({ what, value }) => [element('dt', {}, what), element('dd', {}, element('code', {}, value))]))
  const next = document.querySelector('.next')
  if (next instanceof HTMLElement) next.hidden = !view.steps.every(({ done }) => done)
  // In a lesson one thing comes after the other: what happened last is what there is to see.
  const picture = `live?${new URLSearchParams({ realm: view.realm, follow: 'last-message' })}`
  if (frame.dataset['realm'] !== view.realm) {
    frame.dataset['realm'] = view.realm
    frame.src = picture
  }
}

/** @param {AttemptView} view */
function showAddresses (view) {
  /** @type {Record<string, string | undefined>} */
  const addresses = { home: view.home, lair: view.lair, ...Object.fromEntries(view.moves.map(({ name, opens }) => [name, opens])) }
  for (const link of steps.querySelectorAll('a[data-opens]')) {
    if (!(link instanceof HTMLAnchorElement)) continue
    const address = addresses[link.dataset['opens'] ?? '']
    if (address === undefined) link.removeAttribute('href')
    else link.href = address
  }
}

frame.addEventListener('load', () => {
  const { contentDocument } = frame
  if (!contentDocument?.querySelector('.messages')) return
  contentDocument.head.append(...['in-pane', 'in-lesson'].map(name => element('link', { rel: 'stylesheet', href: `assets/${name}.css` })))
})

attempt.resume().catch(error => {
  problem.textContent = error instanceof Error ? error.message : String(error)
  problem.hidden = false
})
