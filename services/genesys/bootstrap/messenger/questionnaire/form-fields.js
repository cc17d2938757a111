import { element } from '../shared/elements.js'
import { calendarDay } from '../shared/times.js'
import { OptionSections } from './option-sections.js'

/** @import { DayPicker, FormComponent, FormInput, WheelPicker } from '../shared/content-parts.js' */

/**
 * @typedef {{ text: string, payload: string }} Given
 *
 * @typedef {object} Field One thing that a form asks for.
 * @property {string} id
 * @property {string} label
 * @property {HTMLElement} node
 * @property {() => Given[]} given What was written or chosen; nothing where it was left empty.
 * @property {() => boolean} check Whether that will do; where not, it says why, and has the focus.
 */

// As the vendor's window has it, and the service checks it.
const LINE_CHARACTERS = 30
const LINES_CHARACTERS = 300

/** @type {Record<string, Record<string, string>>} */
const KEYBOARDS = {
  NumberPunctuation: { inputmode: 'decimal' },
  Number: { inputmode: 'numeric' },
  Decimal: { inputmode: 'decimal' },
  Phone: { type: 'tel' },
  Email: { type: 'email' },
  Websearch: { inputmode: 'search' },
  URL: { type: 'url' }
}

// https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#autofill
/** @type {Record<string, string>} */
const AUTOFILL = {
  Prefix: 'honorific-prefix',
  Name: 'name',
  GivenName: 'given-name',
  MiddleName: 'additional-name',
  FamilyName: 'family-name',
  Suffix: 'honorific-suffix',
  Nickname: 'nickname',
  Title: 'organization-title',
  Organization: 'organization',
  StreetAddress: 'street-address',
  Addressline1: 'address-line1',
  Addressline2: 'address-line2',
  City: 'address-level2',
  State: 'address-level1',
  Country: 'country-name',
  PostalCode: 'postal-code',
  Email: 'email',
  Phone: 'tel',
  Birthdate: 'bday',
  BirthdateDay: 'bday-day',
  BirthdateMonth: 'bday-month',
  BirthdateYear: 'bday-year',
  Url: 'url'
}

let created = 0

/**
 * @param {FormComponent} component
 * @param {string} pageTitle Names what has no name of its own.
 * @returns {Field | undefined} Undefined for what is not known here.
 */
export function createField (component, pageTitle) {
  if (component.input) return createInput(component.input, pageTitle)
  if (component.datePicker) return createDayPicker(component.datePicker)
  if (component.wheelPicker) return createWheel(component.wheelPicker, pageTitle)
  return component.listPicker && createList(component.listPicker, pageTitle)
}

/**
 * @param {FormInput} input
 * @param {string} pageTitle
 * @returns {Field}
 */
function createInput ({ id, title, subtitle, placeholderText, isRequired, isMultipleLine, keyboardType = '', autoCompleteType = '' }, pageTitle) {
  const most = isMultipleLine ? LINES_CHARACTERS : LINE_CHARACTERS
  const attributes = {
    dir: 'auto',
    maxlength: String(most),
    placeholder: placeholderText ?? '',
    autocomplete: AUTOFILL[autoCompleteType] ?? 'off',
    ...(isRequired && { 'aria-required': 'true' })
  }
  const control = isMultipleLine
    ? element('textarea', { rows: '3', ...attributes })
    : element('input', { type: 'text', ...attributes, ...KEYBOARDS[keyboardType] })
  const label = title || pageTitle
  const { node, complain } = labelled(control, isRequired ? label : `${label} (optional)`, subtitle ?? `Up to ${most} characters.`)
  return {
    id,
    label,
    node,
    given: () => control.value.trim() === '' ? [] : [{ text: control.value.trim(), payload: control.value.trim() }],
    check: () => complain(isRequired && control.value.trim() === '' ? 'Please fill this in.' : '')
  }
}

/**
 * @param {DayPicker} picker
 * @returns {Field}
 */
function createDayPicker ({ id, title, subtitle, dateMinimum, dateMaximum }) {
  const min = dateMinimum?.slice(0, 10)
  const max = dateMaximum?.slice(0, 10)
  const control = element('input', { type: 'date', ...(min && { min }), ...(max && { max }) })
  const bounds = [...(min ? [`from ${calendarDay(min)}`] : []), ...(max ? [`to ${calendarDay(max)}`] : [])].join(' ')
  const label = title || 'Day'
  const { node, complain } = labelled(control, label, subtitle ?? (bounds && `A day ${bounds}.`))
  return {
    id,
    label,
    node,
    given: () => control.value === '' ? [] : [{ text: calendarDay(control.value), payload: control.value }],
    check () {
      const { badInput, rangeUnderflow, rangeOverflow } = control.validity
      if (badInput) return complain('This is not a whole date.')
      return complain(rangeUnderflow || rangeOverflow ? `Please choose a day ${bounds}.` : '')
    }
  }
}

/**
 * @param {WheelPicker} picker
 * @param {string} label
 * @returns {Field}
 */
function createWheel ({ id, items = [] }, label) {
  const options = items.map(({ title }, index) => element('option', { value: String(index) }, title))
  const control = element('select', {}, element('option', { value: '' }, 'Choose…'), ...options)
  const { node } = labelled(control, label, '')
  return {
    id,
    label,
    node,
    given () {
      const chosen = control.value === '' ? undefined : items[Number(control.value)]
      return chosen ? [{ text: chosen.title, payload: chosen.value ?? chosen.id }] : []
    },
    check: () => true
  }
}

/**
 * @param {import('../shared/content-parts.js').ListPicker} picker
 * @param {string} label
 * @returns {Field}
 */
function createList ({ id = '', sections = [] }, label) {
  const list = new OptionSections(sections, label)
  const named = sections.length === 1 && sections[0]?.title
  return {
    id,
    label: named || label,
    node: list.node,
    given: () => list.chosen.map(({ id, title }) => ({ text: title, payload: id })),
    check: () => true
  }
}

/**
 * @param {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} control
 * @param {string} label
 * @param {string} hint
 */
function labelled (control, label, hint) {
  const id = `field-${++created}`
  const problem = element('p', { class: 'problem', id: `${id}-problem` })
  control.id = id
  control.setAttribute('aria-describedby', `${id}-hint ${id}-problem`)
  const node = element('div', { class: 'field' },
    element('label', { for: id, dir: 'auto' }, label), control,
    element('p', { class: 'size', id: `${id}-hint`, dir: 'auto' }, hint), problem)
  /** @param {string} words @returns {boolean} Whether there is nothing to complain of. */
  const complain = (words) => {
    problem.textContent = words
    control.setAttribute('aria-invalid', String(words !== ''))
    if (words) control.focus()
    return words === ''
  }
  control.addEventListener('input', () => complain(''))
  return { node, complain }
}
