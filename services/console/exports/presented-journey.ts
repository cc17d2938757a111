import type { Addresses } from '#lib/settings/settings.ts'
import type { Finding } from '../examiner/examine.ts'
import type { Examiner } from '../examiner/examiner.ts'
import { inferredLegOf } from '../journeys/inferred-leg.ts'
import type { Journey, Journeys } from '../journeys/journeys.ts'
import type { Message, Service } from '../journeys/message.ts'
import { present, type PresentedMessage } from '../journeys/present.ts'
import { summaryOf, type JourneySummary } from '../journeys/summary.ts'

/** A journey with all that is known of it, as JSON: what `GET /journeys/:id` answers, and what exports are made of. */
export interface PresentedJourney extends Omit<JourneySummary, 'messages'> {
  /** in the order in which they began */
  messages: PresentedMessage[]
  findings: Finding[]
  /** URLs of the lab's services */
  services: Record<Service, string>
}

type Secrets = 'show' | undefined

const originAndPath = (url: string) => url.replace(/[?#].*$/s, '')

/** Presents what was exchanged, with the legs that no ledger has and with what the examiner makes of it. */
export class JourneyPresenter {
  readonly #journeys: Journeys
  readonly #examiner: Examiner
  readonly #services: Record<Service, string>
  readonly #origins: ReadonlySet<string>

  /** @param addresses where the services of the lab are: what goes elsewhere is not in their ledgers */
  constructor (journeys: Journeys, examiner: Examiner, { app, issuer, genesys, console, lessons }: Addresses & { lessons?: { careless: string, evil: string } | undefined }) {
    this.#journeys = journeys
    this.#examiner = examiner
    this.#services = { 'relying-party': app, idp: issuer, genesys }
    this.#origins = new Set([app, issuer, genesys, console, ...lessons ? [lessons.careless, lessons.evil] : []].map(url => new URL(url).origin))
  }

  /** A message, and the leg that it lets infer. */
  presentMessage (message: Message, secrets: Secrets): PresentedMessage[] {
    return this.#withLeg(message).map(({ message, url }) => present(message, url, secrets))
  }

  #withLeg (message: Message) {
    const leg = inferredLegOf(message, this.#origins)
    return [{ message, url: this.#urlOf(message) }, ...leg ? [{ message: leg, url: originAndPath(String(message.answer['location'])) }] : []]
  }

  /** As it was asked for: by the name that the sender used, at the service that got it. */
  #urlOf ({ service, path, requestHeaders: { host } }: Message): string {
    const url = new URL(path, this.#services[service])
    if (typeof host === 'string') url.host = host
    return originAndPath(url.href)
  }

  /** The messages in the order in which they began; each is presented when it is its turn. */
  * presentMessages ({ messages }: Journey, secrets: Secrets): Generator<PresentedMessage, void> {
    const inOrder = messages.flatMap(message => this.#withLeg(message)).sort((a, b) => a.message.at - b.message.at)
    for (const { message, url } of inOrder) yield present(message, url, secrets)
  }

  async presentJourney (journey: Journey, secrets: Secrets): Promise<PresentedJourney> {
    return {
      ...summaryOf(journey),
      services: this.#services,
      messages: [...this.presentMessages(journey, secrets)],
      findings: await this.#examiner.examine(journey, this.#journeys.all)
    }
  }
}

/** Whose journey it is, and how it ended. */
export const titleOf = ({ who, outcome }: PresentedJourney): string => `${who.join(', ') || 'nobody'}: ${outcome}`

/** A name for a file of it: who, what came of it, and when it began, in letters that every system takes. */
export function fileNameOf ({ who, outcome, from }: PresentedJourney, extension: string): string {
  const words = [who.join('-') || 'nobody', outcome].map(word =>
    word.normalize('NFD').replace(/\p{M}/gu, '').replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 60))
  const time = new Date(from).toISOString().slice(0, 19).replaceAll(':', '-')
  return `${[...words.filter(word => word !== ''), time].join('_')}Z.${extension}`
}
