import { element } from '../elements.js'

/** @import { Schema } from './types.js' */

/**
 * @typedef {{ input: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement, read: () => unknown, error: HTMLElement }} Field
 */

let lastId = 0

/** Form fields for what a schema of an object has, each with what is wrong about it. */
export class SchemaFields {
  #schema
  /** @type {Map<string, Field>} */
  #fields = new Map()
  element

  /**
   * @param {Schema} schema
   * @param {Record<string, unknown>} values
   */
  constructor (schema, values) {
    this.#schema = schema
    this.element = element('div', { class: 'fields' }, ...Object.entries(schema.properties ?? {}).map(([name, field]) => this.#make(name, field, values[name] ?? field.default)))
  }

  /**
   * @param {string} name
   * @param {Schema} schema
   * @param {unknown} value
   */
  #make (name, schema, value) {
    const id = `field-${++lastId}`
    const isRequired = this.#schema.required?.includes(name) === true
    const error = element('span', { class: 'fault', id: `${id}-error` })
    const hint = element('span', { class: 'hint', id: `${id}-hint` }, schema.description ?? '')
    const { input, read } = inputFor(schema, value, isRequired)
    input.id = id
    input.setAttribute('aria-describedby', `${id}-error ${id}-hint`)
    input.addEventListener('input', () => mark(input, error, ''))
    this.#fields.set(name, { input, read, error })
    return element('div', { class: 'field' }, element('label', { for: id }, name), input, error, ...schema.description === undefined ? [] : [hint])
  }

  /**
   * What is in the fields, without what is not said.
   * @param {{ isQuiet?: boolean }} [options] say nothing of a field that cannot be read
   * @returns {Record<string, unknown> | undefined} nothing where a field cannot be read, which has the focus then
   */
  read ({ isQuiet = false } = {}) {
    /** @type {[string, unknown][]} */
    const entries = []
    for (const [name, { input, read, error }] of this.#fields) {
      if (!(isQuiet ? input.checkValidity() : input.reportValidity())) return undefined
      try {
        const value = read()
        if (value !== undefined) entries.push([name, value])
      } catch (reason) {
        if (isQuiet) return undefined
        mark(input, error, `This is no JSON: ${reason instanceof Error ? reason.message : reason}`)
        input.focus()
        return undefined
      }
    }
    return Object.fromEntries(entries)
  }

  /**
   * Say what is wrong, where it is.
   * @param {{ where: string, what: string }[]} mistakes
   * @returns {string[]} what is not about any field
   */
  show (mistakes) {
    for (const { input, error } of this.#fields.values()) mark(input, error, '')
    const elsewhere = mistakes.filter(({ where, what }) => {
      const [name = '', ...inside] = where.split('.')
      const field = this.#fields.get(name)
      const place = inside.map(part => /^\d+$/.test(part) ? `entry ${Number(part) + 1}` : part).join('.')
      if (field) mark(field.input, field.error, [field.error.textContent, place === '' ? what : `${place}: ${what}`].filter(Boolean).join('; '))
      return !field
    })
    const [first] = [...this.#fields.values()].filter(({ error }) => error.textContent !== '')
    first?.input.focus()
    return elsewhere.map(({ where, what }) => where === '' ? what : `${where}: ${what}`)
  }
}

/**
 * @param {HTMLElement} input
 * @param {HTMLElement} error
 * @param {string} text
 */
function mark (input, error, text) {
  error.textContent = text
  if (text === '') input.removeAttribute('aria-invalid')
  else input.setAttribute('aria-invalid', 'true')
}

/**
 * @param {Schema} schema
 * @param {unknown} value
 * @param {boolean} isRequired
 * @returns {Pick<Field, 'input' | 'read'>}
 */
function inputFor (schema, value, isRequired) {
  const choices = choicesOf(schema)
  if (choices) {
    const input = element('select', {}, ...choices.map(choice => element('option', { value: choice }, choice)))
    input.value = String(value ?? choices[0])
    return { input, read: () => input.value }
  }
  if (schema.type === 'boolean') {
    const input = element('input', { type: 'checkbox' })
    input.checked = value === true
    return { input, read: () => input.checked || schema.default === true ? input.checked : undefined }
  }
  if (schema.type === 'number' || schema.type === 'integer') {
    const input = element('input', { type: 'number', step: schema.type === 'integer' ? '1' : 'any', ...limitsOf({ min: schema.minimum, max: schema.maximum }) })
    input.required = isRequired
    input.value = value === undefined ? '' : String(value)
    return { input, read: () => input.value === '' ? undefined : input.valueAsNumber }
  }
  if (schema.type === 'string') {
    const input = element('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', ...limitsOf({ minlength: schema.minLength, maxlength: schema.maxLength }) })
    input.required = isRequired
    input.value = String(value ?? '')
    return { input, read: () => input.value === '' ? undefined : input.value }
  }
  const input = element('textarea', { spellcheck: 'false', autocomplete: 'off' })
  const isSwitch = schema.anyOf?.length === 2 && schema.anyOf.some(isList) && schema.anyOf.some(({ type }) => type === 'boolean')
  if (isList(schema) || isSwitch) {
    input.value = Array.isArray(value) ? value.join('\n') : value === true ? 'true' : ''
    input.rows = Math.max(1, input.value.split('\n').length)
    input.placeholder = isSwitch ? 'true, or one a line' : 'one a line'
    const read = () => {
      const lines = input.value.split('\n').map(line => line.trim()).filter(line => line !== '')
      if (lines.length === 0) return undefined
      return isSwitch && lines.length === 1 && ['true', 'false'].includes(lines[0] ?? '') ? lines[0] === 'true' : lines
    }
    return { input, read }
  }
  input.value = value === undefined || value === null ? '' : JSON.stringify(value, null, 2)
  input.rows = Math.min(Math.max(input.value.split('\n').length, 2), 18)
  input.placeholder = 'JSON'
  return { input, read: () => input.value.trim() === '' ? undefined : JSON.parse(input.value) }
}

/** @param {Schema} schema */
const isList = ({ type, items }) => type === 'array' && (items?.type === 'string' || items?.enum !== undefined)

/** @param {Schema} schema */
const choicesOf = ({ enum: values, anyOf }) =>
  values?.map(String) ?? (anyOf?.every(({ const: constant }) => constant !== undefined) ? anyOf.map(({ const: constant }) => String(constant)) : undefined)

/** @param {Record<string, number | undefined>} limits */
const limitsOf = limits => Object.fromEntries(Object.entries(limits).flatMap(([name, limit]) => limit === undefined ? [] : [[name, String(limit)]]))
