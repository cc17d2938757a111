import { askedFor, buttonsOf, chosenBy, type Answerable } from '#lib/brand/brand-answers.ts'
import type { BrandFile, Offer } from '#lib/brand/brand-schema.ts'
import type { VerifiedIdentity } from '../auth/identity.ts'
import type { Card, Content, StructuredContent, StructuredMessage } from '../protocol/structured-message.ts'
import { readyMessagesOf, uuidOf, type ReadyMessage } from './ready-messages.ts'

/** What the answer depends on. */
export interface Circumstances {
  identity: VerifiedIdentity | undefined
  /** whether a guest without an identity can sign in in the course of the conversation */
  canSignIn?: boolean
  /** where a person can take over, if anywhere */
  desk?: string | undefined
}

interface Smalltalk {
  /** payload of the buttons that lead here */
  payload?: string
  asked: RegExp
  answer: (circumstances: Circumstances) => Content
}

const text = (text: string): Content => ({ type: 'Text', text })

/** The words of the scripted agent: what is a brand's own, and what any agent says. */
export class AgentScript {
  readonly readyMessages: ReadyMessage[]
  readonly #brand: BrandFile
  readonly #picturesUrl: string | undefined

  readonly #smalltalk: Smalltalk[] = [
    {
      payload: 'who-am-i',
      asked: /\bwho am i\b|\bmy (name|e-?mail|identity|account)\b|\bverified\b/i,
      answer: ({ identity }) => text(whoYouAre(identity))
    },
    {
      asked: /\b(human|person|someone|agent)\b/i,
      answer: ({ desk }) => text(whereAPersonIs(desk))
    },
    {
      asked: /\b(thanks?|thank you|cheers)\b/i,
      answer: () => text('You are welcome!')
    },
    {
      asked: /\b(hi|hello|hey|good (morning|afternoon|evening))\b/i,
      answer: ({ identity }) => this.#offerTopics(`Hello${addressed(callName(identity))}! What can I do for you?`)
    },
    {
      asked: /\bhelp\b|\bwhat can you\b|^\s*\?+\s*$/i,
      answer: () => this.#offerTopics(`I know what ${this.#brand.name} has on its page, and, if you ask “who am I?”, what I know of you. ` +
        'Choose, or ask in your own words.')
    }
  ]

  /** @param picturesUrl where the brand's pictures are, with a slash at the end; without it cards have none */
  constructor (brand: BrandFile, picturesUrl?: string) {
    this.#brand = brand
    this.#picturesUrl = picturesUrl
    this.readyMessages = readyMessagesOf(brand)
  }

  /** What the agent says first: whoever has signed in need not say who they are. */
  greeting (identity: VerifiedIdentity | undefined): string {
    const { name } = this.#brand.agent
    if (!identity) return `Hello, I am ${name}. How can I help?`
    return `Hello${addressed(callName(identity))}, I am ${name}. ` +
      'Your sign-in is verified, so you need not tell me who you are. How can I help?'
  }

  /** What the agent says when a person takes the conversation. */
  handOver (name: string): string {
    return `I am handing you over to ${name}.`
  }

  /** What the agent says when that person has given it back. */
  comeBack (): string {
    return `${this.#brand.agent.name} here, I am back. What else can I do for you?`
  }

  /** What the agent says to a guest's message. It never repeats the guest's words. */
  answerTo (message: StructuredMessage, circumstances: Circumstances): Content {
    const thanks = message.type === 'Structured' && this.#thanksFor(message.content)
    if (thanks) return thanks
    const said = textOf(message)
    if (said.trim() === '' && hasAttachment(message)) {
      return text('Thank you, your file has arrived. I am a script and cannot look into it.')
    }
    const chosen = message.type === 'Structured' ? buttonResponseIn(message.content) : undefined
    const asked = this.#askedIn(message)
    if (asked?.kind === 'offer' && chosen) return text(`${aboutOffer(asked.offer)} ${this.#brand.offers.chosen}`)
    const smalltalkChosen = this.#smalltalk.find(({ payload }) => payload !== undefined && payload === chosen?.payload)
    if (asked && !smalltalkChosen) return this.#answer(asked, circumstances)
    const talk = smalltalkChosen ?? this.#smalltalk.find(({ asked }) => asked.test(said))
    return talk?.answer(circumstances) ??
      text('I am not sure I understood that. I know what stands on the page; “help” shows what you can ask.')
  }

  /** What the agent goes on with when a guest has signed in who has asked for something that needs it. */
  answerAfterSignIn (message: StructuredMessage | undefined, circumstances: Circumstances): Content | undefined {
    const asked = message && this.#askedIn(message)
    return asked?.kind === 'topic' && asked.topic.signedIn !== undefined ? this.#answer(asked, circumstances) : undefined
  }

  /** What a message asks about, of what the brand has an answer to. */
  #askedIn (message: StructuredMessage): Answerable | undefined {
    const chosen = message.type === 'Structured' ? buttonResponseIn(message.content) : undefined
    return (chosen && chosenBy(this.#brand, chosen.payload)) ?? askedFor(this.#brand, textOf(message))
  }

  #answer (asked: Answerable, { identity, canSignIn = false }: Circumstances): Content {
    switch (asked.kind) {
      case 'topic': {
        const { topic } = asked
        if (topic.signedIn === undefined) return text(topic.text)
        if (identity) return text(topic.signedIn.replaceAll('{name}', shorten(callName(identity) ?? 'Hello')))
        return text(canSignIn
          ? `${topic.text} For that I have to know who you are: choose “Sign in” in this window, and I go on with it.`
          : `${topic.text} But not in this chat: nobody can sign in to it, so I do not know who you are.`)
      }
      case 'offer':
        return text(aboutOffer(asked.offer))
      case 'offers': {
        const { question, items } = this.#brand.offers
        const cards = items.map(offer => this.#cardOf(offer))
        return { type: 'Structured', text: question, content: [{ contentType: 'Carousel', carousel: { cards } }] }
      }
      case 'prompt':
        return this.readyMessages.find(({ id }) => id === asked.prompt.id)!.contentAt(new Date())
    }
  }

  #cardOf (offer: Offer): Card {
    return {
      title: offer.title,
      description: detailsOf(offer),
      ...(this.#picturesUrl !== undefined && { image: this.#picturesUrl + offer.image }),
      actions: [{ type: 'Postback', text: `${this.#brand.offers.choose} ${offer.title}`, payload: offer.id }]
    }
  }

  #offerTopics (text: string): Content {
    const buttons = [...buttonsOf(this.#brand), { text: 'Who am I?', payload: 'who-am-i' }]
    return {
      type: 'Structured',
      text,
      content: buttons.map(button => ({ contentType: 'QuickReply', quickReply: { ...button, action: 'Message' } }))
    }
  }

  /** What is said to whoever has chosen from a list or filled in a form. */
  #thanksFor (content: StructuredContent[]): Content | undefined {
    const { forms, lists } = this.#brand
    for (const part of content) {
      if (part.contentType === 'Form') {
        const { cannedResponseId } = part.form
        const form = forms.find(({ id }) => uuidOf(id) === cannedResponseId)
        return text(form?.thanks ?? 'Thank you, that has arrived.')
      }
      if (part.contentType === 'ButtonResponse' && part.buttonResponse.type === 'ListPicker') {
        const { payload } = part.buttonResponse
        const list = lists.find(({ sections }) => sections.some(
          ({ options }) => options.some(option => (typeof option === 'string' ? option : option.id) === payload)))
        return text(list?.thanks ?? 'Thank you, that helps.')
      }
    }
    return undefined
  }
}

const detailsOf = ({ details, price }: Offer) => [...details, price].join(', ')
const aboutOffer = (offer: Offer) => `${offer.title}: ${detailsOf(offer)}. ${offer.text}`

const textOf = (message: StructuredMessage) => message.type === 'Event' ? '' : message.text ?? ''

const hasAttachment = (message: StructuredMessage) => message.type === 'Text' && (message.content ?? []).length > 0

function buttonResponseIn (content: StructuredContent[]) {
  for (const part of content) if (part.contentType === 'ButtonResponse') return part.buttonResponse
  return undefined
}

function whereAPersonIs (desk: string | undefined) {
  return desk === undefined
    ? 'I am a script, and the only one here for now. Ask me anything from my short list: “help” shows it.'
    : `I am a script. Someone at the desk can take over: ${desk}`
}

function whoYouAre (identity: VerifiedIdentity | undefined) {
  if (!identity) return 'I cannot tell: you are not signed in here.'
  const name = identity.name ?? identity.given_name
  const lines = [`You are ${shorten(name ?? identity.email ?? identity.sub)}, verified by ${new URL(identity.iss).hostname}.`]
  if (identity.email) {
    const state = identity.email_verified ? 'is confirmed' : 'is not confirmed yet'
    lines.push(`Your e-mail address is ${shorten(identity.email)}, which ${state}.`)
  }
  return lines.join(' ')
}

const callName = (identity: VerifiedIdentity | undefined) => identity?.given_name ?? identity?.name ?? identity?.email

const addressed = (name: string | undefined) => name === undefined ? '' : ` ${shorten(name)}`

function shorten (value: string) {
  const characters = [...value]
  return characters.length > 80 ? `${characters.slice(0, 79).join('')}…` : value
}
