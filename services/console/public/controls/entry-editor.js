import { element } from '../elements.js'
import { commandOf } from './calls.js'
import { Refusal } from './control-api.js'
import { SchemaFields } from './schema-fields.js'

/** @import { Lab } from './lab.js' */
/** @import { Schema } from './types.js' */

/**
 * Edit a user or a client, or add one: as the API describes them. What was typed stays until it is saved or given up.
 * @param {Lab} lab
 * @param {object} options
 * @param {string} options.path where they are, as `/users`
 * @param {string} options.key what names one, as `username`
 * @param {string} options.title
 * @param {string} [options.first] the field that stands at the top
 * @param {Record<string, unknown>} [options.entry] what there is; without it, one is added
 * @param {() => Record<string, unknown> | undefined} [options.latest] what there is of it when it is saved
 */
export async function editEntry (lab, { path, key, title, first, entry, latest }) {
  const { schema, example } = /** @type {{ schema: Schema, example?: Record<string, unknown> }} */ (await lab.schemaOf(`${path}/{${key}}`, 'put'))
  // The name may be in the body too, as a GET answers it: it is asked for once.
  const properties = Object.entries(schema.properties ?? {}).filter(([name]) => name !== key).sort(([a], [b]) => Number(b === first) - Number(a === first))
  const fields = new SchemaFields({ ...schema, properties: Object.fromEntries(properties) }, entry ?? example ?? {})
  const named = new SchemaFields({ properties: { [key]: { type: 'string', minLength: 1, maxLength: 254 } }, required: [key] }, {})
  const problem = element('p', { class: 'fault', role: 'alert' })
  const command = element('div', { class: 'curls' })
  const save = element('button', { class: 'primary' }, 'Save')
  const cancel = element('button', { type: 'button' }, 'Cancel')
  const form = element('form', { novalidate: '' }, element('h2', {}, title), ...entry ? [] : [named.element], fields.element,
    element('details', {}, element('summary', {}, 'curl'), command), element('div', { class: 'buttons' }, problem, save, cancel))
  const dialog = element('dialog', { class: 'editor', 'aria-label': title }, form)
  let before = JSON.stringify(entry)

  /** @param {{ isQuiet?: boolean }} [options] */
  const call = options => {
    const name = entry ? entry[key] : named.read(options)?.[key]
    const body = name === undefined ? undefined : fields.read(options)
    return body && { method: /** @type {const} */ ('PUT'), path: `${path}/${encodeURIComponent(String(name))}`, body }
  }
  const showCommand = () => {
    const made = call({ isQuiet: true })
    command.replaceChildren(made ? commandOf(lab, made) : element('p', { class: 'hint' }, 'Once all of it can be read.'))
  }
  form.addEventListener('input', showCommand)

  form.addEventListener('submit', async event => {
    event.preventDefault()
    problem.textContent = ''
    const made = call()
    if (!made) return
    // Lost update: somebody else may have changed it since it was opened.
    const now = JSON.stringify(latest?.())
    if (entry && now !== before) {
      before = now
      problem.textContent = now === undefined
        ? 'It was removed elsewhere since you opened it. Save once more to have it there again, or cancel.'
        : 'It was changed elsewhere since you opened it. Save once more to have yours in its place, or cancel to see theirs.'
      return
    }
    try {
      await lab.api.ask(made)
      dialog.close()
      lab.say(`${entry ? entry[key] : decodeURIComponent(made.path.slice(path.length + 1))} is saved.`)
      await lab.refresh()
    } catch (error) {
      const mistakes = error instanceof Refusal ? error.mistakes : [{ where: '', what: String(error) }]
      problem.textContent = fields.show(mistakes.filter(({ where }) => where !== key)).join('; ')
      named.show(mistakes.filter(({ where }) => where === key))
    }
  })
  cancel.addEventListener('click', () => dialog.close())
  dialog.addEventListener('close', () => dialog.remove())
  showCommand()
  document.body.append(dialog)
  dialog.showModal()
}
