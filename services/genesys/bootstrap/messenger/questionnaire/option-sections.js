import { webAddress } from '../shared/content-parts.js'
import { element } from '../shared/elements.js'

/** @import { Section } from '../shared/content-parts.js' */

let created = 0

/** The options of a list, section by section, of which one or several can be chosen. */
export class OptionSections {
  /** @type {{ id: string, title: string, field: HTMLInputElement }[]} */
  #options = []
  #problem
  node

  /**
   * @param {Section[]} sections
   * @param {string} label What is asked, where a section does not say.
   */
  constructor (sections, label) {
    const number = ++created
    this.#problem = element('p', { class: 'problem', id: `list-problem-${number}` })
    const drawn = sections.map(({ title, multipleSelection = false, items = [] }, index) => element('fieldset', {},
      element('legend', { dir: 'auto', ...(title ? {} : { class: 'unseen' }) }, title || label),
      ...items.map((item) => this.#draw(item, multipleSelection ? 'checkbox' : 'radio', `list-${number}-${index}`))))
    this.node = element('div', { class: 'sections', role: 'group', 'aria-label': label, 'aria-describedby': this.#problem.id },
      ...drawn, this.#problem)
  }

  get chosen () {
    return this.#options.filter(({ field }) => field.checked).map(({ id, title }) => ({ id, title }))
  }

  /** @param {string} problem Nothing where all is well. */
  complain (problem) {
    this.#problem.textContent = problem
    if (problem) this.#options[0]?.field.focus()
  }

  /**
   * @param {Section['items'][number]} item
   * @param {'checkbox' | 'radio'} type
   * @param {string} name
   */
  #draw ({ id, title, subtitle, imageUrl }, type, name) {
    const field = element('input', { type, name })
    const picture = webAddress(imageUrl)
    const words = element('span', { class: 'words' }, element('span', { class: 'title', dir: 'auto' }, title))
    if (subtitle) words.append(element('span', { class: 'size', dir: 'auto' }, subtitle))
    this.#options.push({ id, title, field })
    field.addEventListener('change', () => this.complain(''))
    const option = element('label', { class: 'option' }, field,
      ...(picture ? [element('img', { src: picture, alt: '', loading: 'lazy', referrerpolicy: 'no-referrer' })] : []), words)
    // A radio button cannot be taken back by itself, and nothing of a section has to be chosen.
    if (type === 'radio') letGo(option, field)
    return option
  }
}

/**
 * Who chooses again what is chosen takes the choice back.
 * @param {HTMLElement} option
 * @param {HTMLInputElement} field
 */
function letGo (option, field) {
  let wasChecked = false
  const remember = () => { wasChecked = field.checked }
  const takeBack = () => {
    if (wasChecked) field.checked = false
    wasChecked = false
  }
  option.addEventListener('pointerdown', remember)
  field.addEventListener('keydown', (event) => {
    if (event.key !== ' ' || !field.checked) return
    event.preventDefault()
    field.checked = false
  })
  field.addEventListener('click', takeBack)
}
