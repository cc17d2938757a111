import type { VerifiedIdentity } from './identity.ts'

interface Topic {
  asked: RegExp
  answer: (identity: VerifiedIdentity | undefined) => string
}

const topics: Topic[] = [
  { asked: /\bwho am i\b|\bmy (name|e-?mail|identity|account)\b|\bverified\b/i, answer: whoYouAre },
  { asked: /\b(hours?|open(ing)?|close[sd]?|closing)\b/i, answer: () => 'We are here every day from 9:00 to 18:00, and on Thursdays until 21:00.' },
  { asked: /\b(tours?|book(ing|ings|ed)?|reserv(e|ation)|tickets?)\b/i, answer: () => 'Tours start at 10:00, 13:00 and 16:00 and take about an hour. Which day would suit you?' },
  { asked: /\b(human|person|someone|agent)\b/i, answer: () => 'I am a script, and the only one here for now. Ask me anything from my short list: “help” shows it.' },
  { asked: /\b(thanks?|thank you|cheers)\b/i, answer: () => 'You are welcome!' },
  { asked: /\b(hi|hello|hey|good (morning|afternoon|evening))\b/i, answer: identity => `Hello${addressed(callName(identity))}! What can I do for you?` },
  { asked: /\bhelp\b|\bwhat can you\b|^\s*\?+\s*$/i, answer: () => 'I can tell you about our opening hours, about tours and bookings, and, if you ask “who am I?”, what I know of you.' }
]

/** What the agent says first: whoever has signed in need not say who they are. */
export function greeting (identity: VerifiedIdentity | undefined): string {
  if (!identity) return 'Hello, I am Robin. How can I help?'
  return `Hello${addressed(callName(identity))}, I am Robin. Your sign-in is verified, so you need not tell me who you are. How can I help?`
}

/** What the agent says to a text. It never repeats the guest's words. */
export function answerTo (text: string, identity: VerifiedIdentity | undefined): string {
  const topic = topics.find(({ asked }) => asked.test(text))
  return topic?.answer(identity) ?? 'I am not sure I understood that. I know our opening hours, tours and bookings; “help” shows what you can ask.'
}

function whoYouAre (identity: VerifiedIdentity | undefined): string {
  if (!identity) return 'I cannot tell: you are not signed in here.'
  const name = identity.name ?? identity.given_name
  const lines = [`You are ${shorten(name ?? identity.email ?? identity.sub)}, verified by ${new URL(identity.iss).hostname}.`]
  if (identity.email) {
    lines.push(`Your e-mail address is ${shorten(identity.email)}, which ${identity.email_verified ? 'is confirmed' : 'is not confirmed yet'}.`)
  }
  return lines.join(' ')
}

const callName = (identity: VerifiedIdentity | undefined) => identity?.given_name ?? identity?.name ?? identity?.email

const addressed = (name: string | undefined) => name === undefined ? '' : ` ${shorten(name)}`

function shorten (value: string) {
  const characters = [...value]
  return characters.length > 80 ? `${characters.slice(0, 79).join('')}…` : value
}
