import { Type, type Static } from '#lib/validation/schema.ts'
import { guestErrors } from '../../protocol/guest-errors.ts'
import { checkText } from '../../protocol/limits.ts'
import type { ButtonResponse, Content, Form, FormComponent, FormInput, ListPickerSection, StructuredContent } from '../../protocol/structured-message.ts'
import type { GuestSession } from '../../sessions/guest-session.ts'
import type { Call } from './action.ts'

/** How many options a guest can choose at once, and how many fields of a form they can fill in. */
export const maxOptions = 50

// What the vendor's window lets a person write in a form (Messenger's own limits).
const maxLineCharacters = 30
const maxLinesCharacters = 300

const id = Type.String({ minLength: 1, maxLength: 100 })
const label = Type.String({ maxLength: 1000 })

/** What can be in a structured message of a guest: what they have chosen, or a form that they have filled in. */
export const replyContents = [
  Type.Object({
    contentType: Type.Literal('ButtonResponse'),
    buttonResponse: Type.Object({
      text: label,
      payload: label,
      type: Type.Union((['Button', 'QuickReply', 'DatePicker', 'ListPicker'] as const).map(type => Type.Literal(type))),
      originatingMessageId: Type.Optional(Type.String({ maxLength: 100 }))
    })
  }),
  Type.Object({
    contentType: Type.Literal('Form'),
    form: Type.Object({
      originatingMessageId: id,
      cannedResponseId: Type.Optional(Type.String({ maxLength: 100 })),
      response: Type.Array(Type.Object({
        id,
        component: Type.Object({
          contentType: Type.Literal('ButtonResponse'),
          buttonResponse: Type.Object({ type: Type.Literal('Form'), text: label, payload: label })
        })
      }), { maxItems: maxOptions })
    })
  })
]

type ReplyContent = Static<typeof replyContents[number]>

/**
 * What a guest has chosen of what was offered, or has filled in. Only what is known of it goes on: the rest could be anything.
 *
 * Buttons, quick replies and times are taken as they come, since any client may name them otherwise. Of a list and of a form the
 * original is looked up, and what it does not offer is refused. What Genesys does with such a reply is not documented: see "The wire"
 * in services/genesys/README.md.
 *
 * @throws {GuestError} 400, 4000 or 4020
 */
export async function replyOf (
  { text, content = [] }: { text?: string | undefined, content?: (ReplyContent | { contentType: 'Attachment' })[] | undefined },
  session: GuestSession,
  call: Call
): Promise<Content> {
  const [first, ...others] = content
  if (first === undefined) throw guestErrors.missingParameter('content')
  if (first.contentType === 'Form' && others.length === 0) {
    const { form, said } = await formReplyOf(first, session, call)
    return structured(text ?? said, [{ contentType: 'Form', form }])
  }
  const choices = content.flatMap(part => part.contentType === 'ButtonResponse' ? part.buttonResponse : [])
  const areOptions = choices.every(({ type }) => type === 'ListPicker')
  if (choices.length !== content.length || (others.length > 0 && !areOptions)) {
    throw guestErrors.featureUnavailable('structured messages other than one ButtonResponse, the options of a list or a form')
  }
  if (areOptions) await checkOptions(choices, session, call)
  const said = text ?? choices.map(({ text }) => text).join(', ')
  return structured(said, choices.map(choice => ({ contentType: 'ButtonResponse', buttonResponse: knownOf(choice) })))
}

function structured (text: string, content: StructuredContent[]): Content {
  checkText(text)
  return { type: 'Structured', text, content }
}

const knownOf = ({ text, payload, type, originatingMessageId }: ButtonResponse): ButtonResponse =>
  ({ text, payload, type, ...(originatingMessageId !== undefined && { originatingMessageId }) })

async function checkOptions (choices: ButtonResponse[], session: GuestSession, call: Call) {
  const [{ originatingMessageId } = {}] = choices
  if (originatingMessageId === undefined) throw guestErrors.missingParameter('originatingMessageId')
  if (choices.some(choice => choice.originatingMessageId !== originatingMessageId)) {
    throw guestErrors.requestFailed('The options are of more than one list.')
  }
  const list = await offered('ListPicker', originatingMessageId, session, call)
  checkChosen(list.listPicker.sections, choices.map(({ payload }) => payload))
}

function checkChosen (sections: ListPickerSection[], chosen: string[]) {
  if (new Set(chosen).size < chosen.length) throw guestErrors.requestFailed('An option is chosen twice.')
  const counts = sections.map(({ items, multipleSelection }) => {
    const count = items.filter(({ id }) => chosen.includes(id)).length
    if (count > 1 && !multipleSelection) throw guestErrors.requestFailed('Of a section one option can be chosen.')
    return count
  })
  if (counts.reduce((sum, count) => sum + count, 0) < chosen.length) throw guestErrors.requestFailed('There is no such option.')
}

async function formReplyOf ({ form }: Extract<ReplyContent, { contentType: 'Form' }>, session: GuestSession, call: Call) {
  const { originatingMessageId, response } = form
  const original = (await offered('Form', originatingMessageId, session, call)).form as Form
  const components = original.formPages.flatMap(({ pageComponents }) => pageComponents)
  const entries = response.map(({ id, component: { buttonResponse: { text, payload } } }) => ({ id, text, payload }))
  for (const component of components) {
    checkField(component, entries.filter(({ id }) => id === idOf(component)).map(({ payload }) => payload))
  }
  const unknown = entries.find(({ id }) => !components.some(component => idOf(component) === id))
  if (unknown) throw guestErrors.requestFailed('The form has no such field.')
  return {
    said: original.replyMessage?.title ?? original.introduction?.title ?? 'Form',
    form: {
      originatingMessageId,
      cannedResponseId: original.cannedResponseId,
      response: entries.map(({ id, text, payload }) => ({
        id,
        component: {
          contentType: 'ButtonResponse' as const, buttonResponse: { type: 'Form' as const, text, payload }
        }
      }))
    }
  }
}

function idOf (component: FormComponent): string {
  switch (component.formComponentType) {
    case 'Input':
      return component.input.id
    case 'DatePicker':
      return component.datePicker.id
    case 'ListPicker':
      return component.listPicker.id
    case 'WheelPicker':
      return component.wheelPicker.id
  }
}

function checkField (component: FormComponent, payloads: string[]) {
  if (component.formComponentType === 'ListPicker') return checkChosen(component.listPicker.sections, payloads)
  if (payloads.length > 1) throw guestErrors.requestFailed('A field of the form is there twice.')
  const [payload] = payloads
  switch (component.formComponentType) {
    case 'Input':
      return checkInput(component.input, payload ?? '')
    case 'DatePicker':
      if (payload !== undefined) checkDay(component.datePicker, payload)
      return
    case 'WheelPicker':
      if (payload === undefined || component.wheelPicker.items.some(({ id, value }) => payload === id || payload === value)) return
      throw guestErrors.requestFailed('There is no such option.')
  }
}

function checkInput ({ title = 'a field', isRequired, isMultipleLine }: FormInput, payload: string) {
  if (isRequired && payload.trim() === '') throw guestErrors.requestFailed(`The form needs ${title}.`)
  const most = isMultipleLine ? maxLinesCharacters : maxLineCharacters
  if ([...payload].length > most) throw guestErrors.requestFailed(`A field of the form has more than ${most} characters.`)
}

/** ISO 8601; where there is a time, too, the day that it is written with counts. */
function checkDay ({ dateMinimum, dateMaximum }: { dateMinimum?: string, dateMaximum?: string }, payload: string) {
  const day = dayIn(payload)
  const midnight = Date.parse(`${day}T00:00:00Z`)
  if (Number.isNaN(midnight) || dayIn(new Date(midnight).toISOString()) !== day) {
    throw guestErrors.requestFailed('A day of the form is none.')
  }
  if ((dateMinimum && day < dayIn(dateMinimum)) || (dateMaximum && day > dayIn(dateMaximum))) {
    throw guestErrors.requestFailed('A day of the form is out of its bounds.')
  }
}

const dayIn = (time: string) => time.slice(0, 10)

/** The list or the form of a message of the agent's side in this conversation. */
async function offered<Kind extends 'ListPicker' | 'Form'> (
  kind: Kind,
  messageId: string,
  session: GuestSession,
  { messaging: { conversations } }: Call
): Promise<Extract<StructuredContent, { contentType: Kind }>> {
  const message = await conversations.find(session.conversationId, messageId)
  const content = message?.type === 'Structured' && message.direction === 'Outbound' ? message.content : []
  for (const part of content) {
    if (part.contentType === kind) return part as Extract<StructuredContent, { contentType: Kind }>
  }
  throw guestErrors.requestFailed(`There is no ${kind} in the message that this answers.`)
}
