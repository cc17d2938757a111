import { Type, type Static } from '../validation/schema.ts'

const strict = { additionalProperties: false }

// What is told in the chat is one message, which Genesys takes up to 4,096 characters of.
const text = (maxLength = 1000) => Type.String({ minLength: 1, maxLength, pattern: '\\S', description: 'a text' })
/** What a name, a title or a button has room for. */
export const label = text(60)
const id = Type.String({ maxLength: 60, pattern: '^[a-z0-9]+(-[a-z0-9]+)*$', description: 'lower-case letters and digits, with hyphens between' })
const colour = (fallback?: string) => Type.String({
  pattern: '^#[0-9a-fA-F]{6}$', description: 'a colour as #0e5a5c', ...(fallback !== undefined && { default: fallback })
})
const image = Type.String({
  maxLength: 100,
  pattern: '^[A-Za-z0-9_-][A-Za-z0-9._-]*\\.(svg|png|jpg|jpeg|webp|avif)$',
  description: 'the name of an .svg, .png, .jpg, .webp or .avif file that lies beside this one'
})
const phrase = Type.String({ maxLength: 60, pattern: '[\\p{L}\\p{N}]', description: 'a word or several' })
const asked = Type.Array(phrase, { minItems: 1 })

const schemeOf = ([paper, surface, sunken, ink, inkSoft, line, onAccent, highlight, highlightSurface]: string[]) => Type.Object({
  /** buttons, links, and in the light scheme the Messenger */
  accent: colour(),
  onAccent: colour(onAccent),
  paper: colour(paper),
  surface: colour(surface),
  sunken: colour(sunken),
  ink: colour(ink),
  inkSoft: colour(inkSoft),
  line: colour(line),
  highlight: colour(highlight),
  highlightSurface: colour(highlightSurface)
}, strict)

const topic = { id, title: label, text: text(), asked }
const topics = Type.Array(Type.Object(topic, strict), { minItems: 1, maxItems: 12 })
const section = { heading: text(120) }

const choice = Type.Object({ id, title: label, subtitle: Type.Optional(text(120)) }, strict)
/** Options of a list: of its own, or offers by their id. */
const options = Type.Array(Type.Union([id, choice]), { minItems: 1, maxItems: 20 })
const named = { id, title: label }
const field = Type.Union([
  Type.Object({ ...named, type: Type.Literal('text'), required: Type.Optional(Type.Boolean()), severalLines: Type.Optional(Type.Boolean()), autoComplete: Type.Optional(label) }, strict),
  Type.Object({ ...named, type: Type.Literal('day'), withinDays: Type.Integer({ minimum: 1, maximum: 3650 }) }, strict),
  Type.Object({ ...named, type: Type.Literal('list'), options }, strict),
  Type.Object({ id, type: Type.Literal('wheel'), options }, strict)
])
const prompt = { id, title: label, subtitle: Type.Optional(text(120)), button: label, reply: label, asked, thanks: text() }

/** What the file of a brand holds. */
export const brandSchema = Type.Object({
  name: label,
  /** of the page, behind the name */
  tagline: text(80),
  description: text(200),
  logo: image,
  colours: Type.Object({
    light: schemeOf(['#f8f8f7', '#ffffff', '#edeeec', '#1b2427', '#50595c', '#d8dbd9', '#ffffff', '#8f3d14', '#fae6da']),
    dark: Type.Optional(
      schemeOf(['#101416', '#191f22', '#14191b', '#e9edee', '#abb5b8', '#333c40', '#0d1a1c', '#ffb58f', '#42261a']))
  }, strict),
  hero: Type.Object({
    eyebrow: text(80),
    heading: text(120),
    lead: text(),
    button: label,
    image: Type.Object({ file: image, alt: text(300) }, strict)
  }, strict),
  offers: Type.Object({
    ...section,
    title: label,
    asked,
    /** what Robin asks above the cards */
    question: text(),
    /** button of a card, before the title of its offer */
    choose: Type.String({ default: 'Choose', minLength: 1, maxLength: 30 }),
    /** what Robin adds when somebody has chosen */
    chosen: text(),
    items: Type.Array(Type.Object({
      ...topic, asked: Type.Array(phrase, { default: [] }), image, details: Type.Array(label, { maxItems: 4, default: [] }), price: label
    }, strict), { minItems: 1, maxItems: 10 })
  }, strict),
  steps: Type.Optional(Type.Object({ ...section, title: label, items: topics }, strict)),
  /** what is told to a guest alone who has signed in */
  services: Type.Optional(Type.Object({
    ...section,
    items: Type.Array(Type.Object({ ...topic, signedIn: text() }, strict), { minItems: 1, maxItems: 6 })
  }, strict)),
  facts: Type.Object({ ...section, items: topics }, strict),
  contact: Type.Object({
    ...section,
    title: label,
    lead: text(),
    /** questions that the page proposes, each of which Robin must have an answer to */
    ask: Type.Array(text(200), { maxItems: 6, default: [] }),
    signInFirst: text(),
    stepUp: text(),
    anonymous: text()
  }, strict),
  footer: Type.Array(text(200), { minItems: 1, maxItems: 4 }),
  agent: Type.Object({ name: label }, { ...strict, default: { name: 'Robin' } }),
  chat: Type.Object({ title: Type.String({ default: 'Chat with us', minLength: 1, maxLength: 40 }) }, { ...strict, default: { title: 'Chat with us' } }),
  lists: Type.Array(Type.Object({
    ...prompt,
    sections: Type.Array(Type.Object({ title: label, several: Type.Boolean({ default: false }), options }, strict), { minItems: 1, maxItems: 6 })
  }, strict), { default: [], maxItems: 4 }),
  forms: Type.Array(Type.Object({
    ...prompt,
    lead: text(200),
    begin: label,
    pages: Type.Array(Type.Object({
      title: label, subtitle: Type.Optional(text(120)), fields: Type.Array(field, { minItems: 1, maxItems: 8 })
    }, strict), { minItems: 1, maxItems: 10 })
  }, strict), { default: [], maxItems: 4 })
}, strict)

/** A brand as its file describes it: what the page shows and what Robin answers. */
export type BrandFile = Static<typeof brandSchema>

/** One thing that the page says and Robin answers. */
export type Topic = BrandFile['facts']['items'][number]

/** One of the things on offer. */
export type Offer = BrandFile['offers']['items'][number]
