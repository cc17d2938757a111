import { createHash } from 'node:crypto'
import type { BrandFile } from '#lib/brand/brand-schema.ts'
import type { Content, Form, FormComponent, ListPicker } from '../protocol/structured-message.ts'

/** A message that lies ready: the script sends it, and whoever is at the desk can. */
export interface ReadyMessage {
  id: string
  /** what the desk calls it */
  label: string
  kind: 'ListPicker' | 'Form'
  /** @param now days to choose from are counted from here */
  contentAt: (now: Date) => Content
}

type ListOf = BrandFile['lists'][number]
type FormOf = BrandFile['forms'][number]
type Options = ListOf['sections'][number]['options']

const dayMs = 24 * 60 * 60 * 1000

/** The lists and forms of a brand. */
export function readyMessagesOf ({ lists, forms, offers }: Pick<BrandFile, 'lists' | 'forms' | 'offers'>): ReadyMessage[] {
  /** Options that are offers are called and described as on the page. */
  const itemsOf = (options: Options) => options.map(option => {
    if (typeof option !== 'string') return option
    const { id, title, details } = offers.items.find(({ id }) => id === option)!
    return { id, title, ...(details.length > 0 && { subtitle: details.join(', ') }) }
  })

  const listPickerOf = ({ id, title, subtitle, button, reply, sections }: ListOf): ListPicker => ({
    id,
    receivedMessage: { title, ...(subtitle !== undefined && { subtitle }), buttonLabel: button },
    replyMessage: { title: reply },
    sections: sections.map(({ title, several, options }) => ({ title, multipleSelection: several, items: itemsOf(options) }))
  })

  function componentOf (field: FormOf['pages'][number]['fields'][number], now: Date): FormComponent {
    const { id } = field
    switch (field.type) {
      case 'text':
        return {
          formComponentType: 'Input',
          input: {
            id,
            title: field.title,
            isRequired: field.required ?? false,
            isMultipleLine: field.severalLines ?? false,
            ...(field.autoComplete !== undefined && { autoCompleteType: field.autoComplete })
          }
        }
      case 'day':
        return {
          formComponentType: 'DatePicker',
          datePicker: { id, title: field.title, dateMinimum: dayAfter(now, 1), dateMaximum: dayAfter(now, field.withinDays) }
        }
      case 'list':
        return {
          formComponentType: 'ListPicker',
          listPicker: { id, sections: [{ title: field.title, multipleSelection: false, items: itemsOf(field.options) }] }
        }
      case 'wheel':
        return {
          formComponentType: 'WheelPicker',
          wheelPicker: { id, items: itemsOf(field.options).map(({ id, title }) => ({ id, title, value: id })) }
        }
    }
  }

  const formOf = ({ id, title, subtitle, button, reply, lead, begin, pages }: FormOf, now: Date): Form => ({
    cannedResponseId: uuidOf(id),
    introduction: { title, subtitle: lead, buttonText: begin },
    receivedMessage: { title, ...(subtitle !== undefined && { subtitle }), buttonLabel: button },
    replyMessage: { title: reply },
    showSummary: true,
    formPages: pages.map(({ title, subtitle = '', fields }) => ({
      title, subtitle, pageComponents: fields.map(field => componentOf(field, now))
    }))
  })

  return [
    ...lists.map((list): ReadyMessage => ({
      id: list.id,
      label: list.title,
      kind: 'ListPicker',
      contentAt: () => ({ type: 'Structured', text: list.title, content: [{ contentType: 'ListPicker', listPicker: listPickerOf(list) }] })
    })),
    ...forms.map((form): ReadyMessage => ({
      id: form.id,
      label: form.title,
      kind: 'Form',
      contentAt: now => ({ type: 'Structured', text: form.title, content: [{ contentType: 'Form', form: formOf(form, now) }] })
    }))
  ]
}

const dayAfter = (now: Date, days: number) => new Date(now.getTime() + days * dayMs).toISOString().slice(0, 10)

/** The id of the canned response that a form is: the same at every start. */
export const uuidOf = (id: string) =>
  createHash('sha256').update(id).digest('hex').replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/, '$1-$2-4$3-a$4-$5')
