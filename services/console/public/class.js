import { element, find } from './elements.js'
import { call } from './lessons/attempt.js'

/** @typedef {{ name: string, lesson?: number, step?: string, proven: number[], seenAt: number }} Member */

const everyMs = 2_000
const rows = find('tbody', HTMLElement)
const nobody = find('.nobody', HTMLElement)
const problem = find('.problem', HTMLElement)

const agoInWords = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

/** @param {number} at */
function ago (at) {
  const minutes = Math.round((at - Date.now()) / 60_000)
  return Math.abs(minutes) < 60 ? agoInWords.format(minutes, 'minute') : agoInWords.format(Math.round(minutes / 60), 'hour')
}

async function look () {
  if (!document.hidden) {
    try {
      /** @type {{ members: Member[] }} */
      const { members } = await call('GET', 'class/members')
      nobody.hidden = members.length > 0
      rows.replaceChildren(...members.map(({ name, lesson, step, proven, seenAt }) => element('tr', {},
        element('th', { scope: 'row' }, element('bdi', {}, name === '' ? 'somebody' : name)),
        element('td', {}, ...lesson === undefined ? ['–'] : [element('a', { href: `lesson?n=${lesson}` }, `lesson ${lesson}`)]),
        element('td', {}, step ?? '–'),
        element('td', {}, proven.length === 0 ? '–' : proven.join(', ')),
        element('td', {}, ago(seenAt)))))
      problem.hidden = true
    } catch (error) {
      problem.textContent = error instanceof Error ? error.message : String(error)
      problem.hidden = false
    }
  }
  setTimeout(look, everyMs)
}

look()
