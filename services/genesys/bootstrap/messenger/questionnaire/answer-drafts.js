import { pick } from '../shared/content-parts.js'
import { pairs } from '../shared/elements.js'
import { createField } from './form-fields.js'
import { OptionSections } from './option-sections.js'

/** @import { Entry } from '../log/entry-view.js' */
/** @import { Choice, Form, ListPicker } from '../shared/content-parts.js' */
/** @import { Field } from './form-fields.js' */
/** @import { Page, Questionnaire } from './questionnaire.js' */

/** @typedef {{ pages: Page[], choice: () => Choice }} Answerable */

/** Lists and forms that the other side has sent, for the person to answer. What is filled in stays until it is sent. */
export class AnswerDrafts {
  #questionnaire
  #choose
  /** @type {Map<string, Answerable>} */
  #begun = new Map()

  /**
   * @param {Questionnaire} questionnaire
   * @param {(choice: Choice) => void} choose
   */
  constructor (questionnaire, choose) {
    this.#questionnaire = questionnaire
    this.#choose = choose
  }

  /**
   * @param {Entry} entry
   * @param {object} after
   * @param {() => void} after.sent
   * @param {() => void} after.cancelled
   */
  open (entry, { sent, cancelled }) {
    const answerable = this.#begun.get(entry.key) ?? answerableOf(entry)
    if (!answerable) return
    this.#begun.set(entry.key, answerable)
    const finish = () => {
      this.#choose(answerable.choice())
      sent()
    }
    this.#questionnaire.open(answerable.pages, { finish, cancel: cancelled })
  }

  /** The next conversation may be somebody else's. */
  forget () {
    this.#questionnaire.withdraw()
    this.#begun.clear()
  }
}

/**
 * @param {Entry} entry
 * @returns {Answerable | undefined}
 */
function answerableOf ({ id, text, content }) {
  const [list] = pick(content, 'listPicker')
  if (list) return answerList(list, id, text)
  const [form] = pick(content, 'form')
  return form && answerForm(form, id, text)
}

/**
 * @param {ListPicker} picker
 * @param {string | undefined} id
 * @param {string} text
 * @returns {Answerable}
 */
function answerList ({ sections = [], receivedMessage }, id, text) {
  const title = receivedMessage?.title || text || 'Choose from the list'
  const list = new OptionSections(sections, title)
  return {
    pages: [{
      title,
      subtitle: receivedMessage?.subtitle,
      next: 'Send',
      draw: () => [list.node],
      check () {
        const none = list.chosen.length === 0
        list.complain(none ? 'Please choose at least one.' : '')
        return !none
      }
    }],
    choice: () => ({
      type: 'listPicker',
      postback: {
        id,
        text: list.chosen.map(({ title }) => title).join(', '),
        selectedOptions: list.chosen.map(({ id, title }) => ({ text: title, payload: id }))
      }
    })
  }
}

/**
 * @param {Form} form
 * @param {string | undefined} id
 * @param {string} text
 * @returns {Answerable}
 */
function answerForm ({ introduction, formPages = [], showSummary, cannedResponseId, replyMessage }, id, text) {
  /** @type {Field[]} */
  const all = []
  const asked = formPages.map(({ title, subtitle, pageComponents = [] }, index) => {
    const fields = pageComponents.flatMap((component) => createField(component, title) ?? [])
    all.push(...fields)
    const isLast = index === formPages.length - 1
    return {
      title,
      subtitle,
      next: !isLast ? 'Next' : showSummary ? 'Review' : 'Send',
      draw: () => fields.map(({ node }) => node),
      // From the last to the first, so that the first that is wrong has the focus.
      check: () => fields.toReversed().map((field) => field.check()).every(Boolean)
    }
  })
  /** @type {Page[]} */
  const pages = [...asked]
  if (introduction) {
    const { title, subtitle, imageUrl, buttonText } = introduction
    pages.unshift({ title, subtitle, imageUrl, next: buttonText || 'Begin', draw: () => [] })
  }
  if (showSummary) {
    pages.push({ title: 'Is this right?', subtitle: 'Go back to change it, or send it.', next: 'Send', draw: () => [summaryOf(all)] })
  }
  return {
    pages,
    choice: () => ({
      type: 'form',
      postback: {
        id,
        text: replyMessage?.title || introduction?.title || text,
        cannedResponseId,
        formData: all.flatMap((field) => field.given().map((given) => ({ id: field.id, ...given })))
      }
    })
  }
}

/** @param {Field[]} fields */
function summaryOf (fields) {
  return pairs(fields.map((field) => [field.label, field.given().map(({ text }) => text).join(', ') || 'Left empty']))
}
