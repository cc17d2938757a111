import type { BrandFile, Offer, Topic } from './brand-schema.ts'

type Prompt = BrandFile['lists'][number] | BrandFile['forms'][number]

/** What a brand has an answer to. */
export type Answerable =
  /** what the page says; `signedIn` is for a guest alone who has signed in */
  | { kind: 'topic', topic: Topic & { signedIn?: string } }
  | { kind: 'offer', offer: Offer }
  | { kind: 'offers' }
  | { kind: 'prompt', prompt: Prompt }

/** What a button for all offers leads to. */
export const idOfOffers = 'offers'

/** Everything that a guest can ask about, what is more particular first. */
function answerables ({ services, facts, steps, lists, forms, offers }: BrandFile): { id: string, asked: string[], what: Answerable }[] {
  const topics = [services, facts, steps].flatMap((section): Topic[] => section?.items ?? [])
  return [
    ...topics.map(topic => ({ id: topic.id, asked: [topic.title, ...topic.asked], what: { kind: 'topic', topic } as const })),
    ...offers.items.map(offer => ({ id: offer.id, asked: [offer.title, ...offer.asked], what: { kind: 'offer', offer } as const })),
    ...[...lists, ...forms].map(prompt => ({ id: prompt.id, asked: [prompt.title, ...prompt.asked], what: { kind: 'prompt', prompt } as const })),
    { id: idOfOffers, asked: [offers.title, ...offers.asked], what: { kind: 'offers' } }
  ]
}

/** What somebody asks about who has written this: whatever has the longest of its words or phrases in it. */
export function askedFor (brand: BrandFile, said: string): Answerable | undefined {
  const words = wordsOf(said)
  let longest = 0
  let found: Answerable | undefined
  for (const { asked, what } of answerables(brand)) {
    for (const phrase of asked.map(wordsOf)) {
      if (phrase.length <= longest || !words.includes(phrase)) continue
      longest = phrase.length
      found = what
    }
  }
  return found
}

/** What a button leads to, by the id in its payload. */
export const chosenBy = (brand: BrandFile, id: string): Answerable | undefined =>
  answerables(brand).find(answerable => answerable.id === id)?.what

/** What the buttons of a list of topics say and lead to. */
export function buttonsOf ({ offers, services, facts }: BrandFile): { text: string, payload: string }[] {
  const topics = [...services?.items ?? [], ...facts.items]
  return [{ text: offers.title, payload: idOfOffers }, ...topics.map(({ id, title }) => ({ text: title, payload: id }))]
}

/** Those of the questions that the page proposes which nobody would answer. */
export const unansweredBy = (brand: BrandFile): string[] => brand.contact.ask.filter(question => !askedFor(brand, question))

/** Words alone, in small letters, with a blank around each, so that a phrase is found in whole words. */
const wordsOf = (text: string) => ` ${(text.normalize('NFKC').toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(' ')} `
