/** Who a message is from, as far as the other side is told. */
export interface Participant {
  firstName?: string | undefined
  lastName?: string | undefined
  nickname?: string | undefined
  image?: string | undefined
}

/** An event of a conversation (`EventPresence`, `EventTyping` of the Web Messaging API). */
export type MessageEvent =
  | { eventType: 'Presence', presence: { type: 'Join' | 'Disconnect' | 'Clear' | 'SignIn' } }
  | { eventType: 'Typing', typing: { type: 'On' | 'Off', duration?: number | undefined } }

/** A file in a message (`ContentAttachment`). Kept without `url`: that is signed anew whenever the message is sent. */
export interface AttachmentContent {
  contentType: 'Attachment'
  attachment: {
    id: string
    url?: string
    filename: string
    /** bytes */
    fileSize: number
    mediaType: 'Image' | 'Video' | 'Audio' | 'File'
    mime: string
  }
}

export interface CardAction {
  type: 'Link' | 'Postback'
  text: string
  /** of a link */
  url?: string
  /** of a postback */
  payload?: string
}

/** A card (`ContentCard`). */
export interface Card {
  title: string
  description?: string
  image?: string
  video?: string
  /** of the card itself: what its title leads to, or what choosing it sends */
  defaultAction?: CardAction
  actions: CardAction[]
}

/** Parts of a structured message (`ContentQuickReply`, `ContentButtonResponse`, `ContentCard` and so on). */
export type StructuredContent =
  | { contentType: 'QuickReply', quickReply: { text: string, payload: string, image?: string | undefined, action: 'Message' } }
  | { contentType: 'ButtonResponse', buttonResponse: ButtonResponse }
  | { contentType: 'Card', card: Card }
  | { contentType: 'Carousel', carousel: { cards: Card[] } }
  | { contentType: 'DatePicker', datePicker: DatePicker }
  | { contentType: 'ListPicker', listPicker: ListPicker }
  | { contentType: 'Form', form: Form | FormReply }

/** What a guest has chosen of what a structured message offered. */
export interface ButtonResponse {
  text: string
  payload: string
  type: 'Button' | 'QuickReply' | 'DatePicker' | 'ListPicker'
  originatingMessageId?: string | undefined
}

export interface DatePicker {
  id?: string
  title?: string
  subtitle?: string
  imageUrl?: string
  dateMinimum?: string
  dateMaximum?: string
  /** `dateTime` in ISO 8601, `duration` in seconds */
  availableTimes: { dateTime: string, duration: number }[]
}

/** The card that stands for a list picker or a form, before the answer and after it (`ConversationContentReceivedReplyMessage`). */
export interface PromptMessage {
  header?: string
  title?: string
  subtitle?: string
  buttonLabel?: string
  imageUrl?: string
}

export interface ListPickerSection {
  title?: string
  multipleSelection?: boolean
  items: { id: string, title: string, subtitle?: string, imageUrl?: string }[]
}

/** What a guest can choose from a list, one or several of a section (`ConversationContentListPicker`). */
export interface ListPicker {
  id?: string
  sections: ListPickerSection[]
  receivedMessage?: PromptMessage
  replyMessage?: PromptMessage
}

/** A field of a form for a text (`ConversationContentInput`). */
export interface FormInput {
  id: string
  title?: string
  subtitle?: string
  placeholderText?: string
  isRequired: boolean
  isMultipleLine: boolean
  keyboardType?: 'Default' | 'NumberPunctuation' | 'Number' | 'Phone' | 'Email' | 'Decimal' | 'Websearch' | 'URL'
  /** as `GivenName`, `Email` */
  autoCompleteType?: string
}

/** A field of a form (`ConversationFormPageComponent`). Of a date picker the day counts here, and it has no times. */
export type FormComponent =
  | { formComponentType: 'Input', input: FormInput }
  | { formComponentType: 'DatePicker', datePicker: Omit<DatePicker, 'availableTimes'> & { id: string } }
  | { formComponentType: 'ListPicker', listPicker: Pick<ListPicker, 'sections'> & { id: string } }
  | { formComponentType: 'WheelPicker', wheelPicker: { id: string, items: { id: string, title: string, value?: string }[] } }

/** Questions on pages (`ConversationContentForm`). */
export interface Form {
  introduction?: { title: string, subtitle: string, imageUrl?: string, buttonText: string }
  formPages: { title: string, subtitle: string, pageComponents: FormComponent[] }[]
  receivedMessage?: PromptMessage
  replyMessage?: PromptMessage
  showSummary?: boolean
  cannedResponseId: string
}

/** What a guest has written and chosen in a form: an entry a field, and one an option where several are chosen. */
export interface FormReply {
  originatingMessageId: string
  cannedResponseId?: string | undefined
  response: {
    id: string
    component: { contentType: 'ButtonResponse', buttonResponse: { type: 'Form', text: string, payload: string } }
  }[]
}

/** What a message says. */
export type Content =
  | { type: 'Text', text?: string, content?: AttachmentContent[] }
  | { type: 'Structured', text: string, content: StructuredContent[] }
  | { type: 'Event', events: [MessageEvent] }

/** `StructuredMessage` of the Web Messaging API. */
export type StructuredMessage = Content & {
  id: string
  direction: 'Inbound' | 'Outbound'
  channel: {
    time: string
    messageId: string
    type: 'Private'
    from?: Participant | undefined
    /** what the guest's page has said about the guest, for the agent's side */
    metadata?: { customAttributes: Record<string, unknown> } | undefined
  }
  metadata?: Record<string, string> | undefined
  originatingEntity?: 'Human' | 'Bot' | undefined
}
