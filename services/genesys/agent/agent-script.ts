import type { VerifiedIdentity } from '../auth/identity.ts'
import type { Card, Content, StructuredContent, StructuredMessage } from '../conversations/structured-message.ts'

/** What the answer depends on. */
export interface Circumstances {
  identity: VerifiedIdentity | undefined
  /** where a person can take over, if anywhere */
  desk?: string | undefined
}

type Answer = (circumstances: Circumstances) => Content

interface Topic {
  /** payload of the buttons that lead here */
  payload?: string
  asked: RegExp
  answer: Answer
}

const text = (text: string): Content => ({ type: 'Text', text })

const topics: Topic[] = [
  {
    payload: 'who-am-i',
    asked: /\bwho am i\b|\bmy (name|e-?mail|identity|account)\b|\bverified\b/i,
    answer: ({ identity }) => text(whoYouAre(identity))
  },
  {
    payload: 'hours',
    asked: /\b(hours?|open(ing)?|close[sd]?|closing)\b/i,
    answer: () => text('We are here every day from 9:00 to 18:00, and on Thursdays until 21:00.')
  },
  {
    payload: 'tours',
    asked: /\b(tours?|book(ing|ings|ed)?|reserv(e|ation)|tickets?)\b/i,
    answer: offerTours
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
    answer: ({ identity }) => offerTopics(`Hello${addressed(callName(identity))}! What can I do for you?`)
  },
  {
    asked: /\bhelp\b|\bwhat can you\b|^\s*\?+\s*$/i,
    answer: () => offerTopics('I can tell you about our opening hours, about tours and bookings, and, if you ask ' +
      '“who am I?”, what I know of you.')
  }
]

const tours = [
  { time: '10:00', title: 'Morning tour', description: 'The quietest hour of the day, with a guide and a cup of tea.' },
  { time: '13:00', title: 'Midday tour', description: 'The short way round, which suits children best.' },
  { time: '16:00', title: 'Afternoon tour', description: 'The long way round, back before we close.' }
]

/** What the agent says first: whoever has signed in need not say who they are. */
export function greeting (identity: VerifiedIdentity | undefined): string {
  if (!identity) return 'Hello, I am Robin. How can I help?'
  const name = addressed(callName(identity))
  return `Hello${name}, I am Robin. Your sign-in is verified, so you need not tell me who you are. How can I help?`
}

/** What the agent says when a person takes the conversation. */
export const handOver = (name: string) => `I am handing you over to ${name}.`

/** What the agent says when that person has given it back. */
export const comeBack = 'Robin here, I am back. What else can I do for you?'

/** What the agent says to a guest's message. It never repeats the guest's words. */
export function answerTo (message: StructuredMessage, circumstances: Circumstances): Content {
  const said = textOf(message)
  const chosen = message.type === 'Structured' ? buttonResponseIn(message.content) : undefined
  const tour = tours.find(({ time }) => chosen?.payload === `tour-${time}`)
  if (tour) {
    const { title, time } = tour
    return text(`The ${title.toLowerCase()} at ${time} has room for you. I am only a script, so nothing is booked yet.`)
  }
  if (said.trim() === '' && hasAttachment(message)) {
    return text('Thank you, your file has arrived. I am a script and cannot look into it.')
  }
  const topic = topics.find(({ payload }) => payload !== undefined && payload === chosen?.payload) ??
    topics.find(({ asked }) => asked.test(said))
  return topic?.answer(circumstances) ??
    text('I am not sure I understood that. I know our opening hours, tours and bookings; “help” shows what you can ask.')
}

const textOf = (message: StructuredMessage) => message.type === 'Event' ? '' : message.text ?? ''

const hasAttachment = (message: StructuredMessage) => message.type === 'Text' && (message.content ?? []).length > 0

function buttonResponseIn (content: StructuredContent[]) {
  for (const part of content) if (part.contentType === 'ButtonResponse') return part.buttonResponse
  return undefined
}

function offerTopics (text: string): Content {
  const offers = [['Opening hours', 'hours'], ['Tours', 'tours'], ['Who am I?', 'who-am-i']] as const
  return {
    type: 'Structured',
    text,
    content: offers.map(([text, payload]) => ({ contentType: 'QuickReply', quickReply: { text, payload, action: 'Message' } }))
  }
}

function offerTours (): Content {
  const cards = tours.map(({ time, title, description }): Card => ({
    title: `${title}, ${time}`,
    description,
    actions: [{ type: 'Postback', text: `Choose ${time}`, payload: `tour-${time}` }]
  }))
  return {
    type: 'Structured',
    text: 'Tours start at 10:00, 13:00 and 16:00 and take about an hour. Which one would suit you?',
    content: [{ contentType: 'Carousel', carousel: { cards } }]
  }
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
