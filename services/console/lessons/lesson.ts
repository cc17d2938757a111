import type { LedgerEntry } from '#lib/ledger/ledger-entry.ts'
import type { CheckName } from './careless/checks.ts'
import type { Play } from './play/play.ts'

/** Where something is said. */
export interface Source { title: string, url: string }

/** What a lesson breaks, and what mends it. */
export interface Weakness {
  /** checks of the careless site that are off */
  checks?: CheckName[]
  /** rules that the provider’s client is let off: names of `/lab/permissive` */
  rules?: string[]
}

/** One move of the attack. */
export interface Move {
  name: string
  /** whose it is: a button on the attacker’s page, or something that Alice does in her browser */
  by: 'mallory' | 'alice'
  /** what it is, in one sentence */
  says: string
  /** what there is to do by hand where it is Alice’s: an address that is opened in the trainee’s browser */
  opens? (play: Play): string
  /** where to press in the tab that opens, for whoever does it by hand */
  byHand?: string
  /** which message shows that somebody has done it by hand, once the weakness is there */
  shownBy? (message: LedgerEntry): boolean
  /** done by browsers without a window; throws where it is refused, with the reason */
  run (play: Play): Promise<void>
}

/** What else has to hold once a lesson is mended, and what its attack alone does not show. */
export interface Variant {
  /** in words, where it holds: a line of the proof */
  holds: string
  /** and where it does not */
  fails: string
  /** tries it out; says what came of it in words */
  run (play: Play): Promise<{ ok: boolean, says: string }>
}

/** What looks like a mend: it stops this attack, and opens another. It is among what is chosen from, and never proven. */
export interface BadMend {
  name: string
  /** what it does, where the others say what they ask */
  title: string
  /** checks of the site that it switches off */
  weakens: CheckName[]
}

/** One lesson: a weakness, an attack that uses it, and what mends it. */
export interface Lesson {
  number: number
  /** for addresses and files */
  slug: string
  title: string
  /** numbers of the lessons that it builds on */
  buildsOn: number[]
  /** 150 words at most: what the check is for, and what happens without it. Paragraphs; `code` in backticks, terms of the glossary in [[brackets]] */
  about: string[]
  sources: Source[]
  weakness: Weakness
  /** each of these alone mends it, but where `mendedByAll` is said */
  mends: string[]
  /** it takes all of `mends` */
  mendedByAll?: true
  badMends?: BadMend[]
  /** whoever was signed in when it was mended is so no more: a session that was stolen before would live on */
  mendEndsSessions?: true
  /** what is chosen from: checks of the site, or rules of the provider */
  choice: 'checks' | 'rules' | 'both'
  /** what there is to see before anything is broken; a sign-in at the shop where not said */
  see?: string
  /** the site’s client has no secret: its page, which could not keep one, makes token requests itself */
  publicClient?: true
  /** further settings of the attempt’s realm, before anything is broken */
  prepare? (play: Play): Promise<void>
  moves: Move[]
  /** what an honest person does that has to work; a sign-in where not said. Resolves with what came of it, in words */
  honest? (play: Play): Promise<string>
  /** what the proof tries besides */
  variants?: Variant[]
  /** the page that Alice is lured to: a link, or a form with a button */
  lure? (play: Play): { text?: string, label?: string, href?: string, action?: string, fields?: Record<string, string> }
  /** what the attacker has in the end, in words: “Alice’s profile” */
  gain: string
  hints: [string, string]
  solution: string
  /** what is said when the attack fails, by whom */
  refusal: string
  /** the same attack on the relying party of the lab; resolves with its refusal in its own words, rejects where it was let through */
  onRealRelyingParty? (play: Play): Promise<string>
}
