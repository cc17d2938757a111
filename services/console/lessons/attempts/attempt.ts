import { join } from 'node:path'
import { Ledger } from '#lib/ledger/ledger.ts'
import { systemTimeMs } from '#lib/ledger/ledger-entry.ts'
import type { Memory } from '../careless/memory.ts'
import { checkNames, loadChecks, type CheckName, type Checks } from '../careless/checks.ts'
import { Provider, type Client } from '../careless/provider.ts'
import type { Lesson } from '../lesson.ts'
import type { AttemptState } from './attempt-state.ts'
import { clientId, clientSecret, gameClientId, messengerClientId } from './clients.ts'
import { RealmClient } from './realm-client.ts'
import type { Scene, Sites } from '../play/scene.ts'

// As long as a code may be good at most: whoever reads on between two moves has time to. https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
const codeSeconds = 10 * 60

/**
 * One go at a lesson: a realm of its own at the provider, a careless site and an attacker with nothing in common with any other. What
 * both sites are asked is in its ledger.
 */
export class Attempt implements Scene {
  readonly state: AttemptState
  readonly lesson: Lesson
  readonly sites: Sites
  readonly realm: RealmClient
  readonly ledger = new Ledger({ limit: 500, maxLength: 1024 * 1024 })
  readonly #editsFolder: string
  #site: { lesson: Lesson, mended: string[], edits: boolean } | undefined
  readonly #providers = new Map<string, Provider>()

  /** @param editsFolder where the checks lie that somebody edits */
  constructor (state: AttemptState, lesson: Lesson, sites: Sites, editsFolder: string) {
    this.state = state
    this.lesson = lesson
    this.sites = sites
    this.realm = new RealmClient(sites.issuer, realmNameOf(state.id))
    this.#editsFolder = editsFolder
  }

  get id (): string { return this.state.id }
  get memory (): Memory { return this.state.memory }
  /** Address of the careless site’s first page, with a slash at the end. */
  get home (): string { return `${this.sites.careless}/a/${this.id}/` }
  /** Address of the attacker’s page, with a slash at the end. */
  get lair (): string { return `${this.sites.evil}/a/${this.id}/` }

  /** The site, as the provider knows it. */
  get client (): Client { return this.lesson.publicClient ? { id: clientId } : { id: clientId, secret: clientSecret } }

  /** Have the site be as it is in another lesson, and the provider and the attacker as in this one. */
  asIn (lesson: Lesson, mended: string[], edits: boolean): void {
    this.#site = { lesson, mended, edits }
  }

  /** Which checks of the site are off just now. */
  get off (): CheckName[] {
    const { lesson, mended } = this.#site ?? { lesson: this.lesson, mended: this.state.mended }
    if (!this.state.broken) return []
    const weakened = (lesson.badMends ?? []).filter(({ name }) => mended.includes(name)).flatMap(({ weakens }) => weakens)
    return [...(lesson.weakness.checks ?? []).filter(name => !mended.includes(name)), ...weakened]
  }

  /** Which rules the provider lets pass just now. */
  get rules (): string[] {
    const { broken, mended } = this.state
    return broken ? (this.lesson.weakness.rules ?? []).filter(name => !mended.includes(name)) : []
  }

  /**
   * The checks of the site as they are just now.
   *
   * @throws {EditedCheckError} with what is wrong in a file that somebody edits
   */
  checks (): Promise<Checks> {
    const { lesson, edits } = this.#site ?? { lesson: this.lesson, edits: this.state.edits }
    const [edited] = lesson.weakness.checks ?? []
    return loadChecks(this.off, edits && this.state.broken && edited ? { [edited]: editedFileOf(this.#editsFolder, lesson, edited) } : {})
  }

  /** How the realm begins: its users, and its clients as strict as they come. */
  get seed (): object {
    const { home, lair } = this
    return {
      token_lifetimes: { code: codeSeconds },
      users: [
        { username: 'alice', password: 'alice-lab', claims: { name: 'Alice Anders', email: 'alice@example.com', email_verified: true } },
        { username: 'mallory', password: 'mallory-lab', claims: { name: 'Mallory', email: 'mallory@example.com', email_verified: true } }
      ],
      clients: [
        {
          client_id: clientId,
          ...(this.client.secret === undefined ? { token_endpoint_auth_method: 'none' } : { client_secret: this.client.secret }),
          client_name: 'Old Harbour Kayaks',
          first_party: true,
          redirect_uris: [`${home}callback`],
          post_logout_redirect_uris: [home],
          backchannel_logout_uri: `${home}backchannel-logout`,
          scope: 'openid profile email offline_access',
          grant_types: ['authorization_code', 'refresh_token'],
          refresh_tokens: 'always'
        },
        { client_id: messengerClientId, client_name: 'Chat of Old Harbour Kayaks', first_party: true, redirect_uris: [`${home}messenger/callback`] },
        { client_id: gameClientId, client_name: 'Free Fish Game', first_party: true, redirect_uris: [`${lair}game/callback`] }
      ]
    }
  }

  /** Tell the provider what its client may do by now. */
  applyRules = (): Promise<void> => this.realm.changeClient(clientId, { permissive: this.rules.length > 0 ? this.rules : false })

  /** A provider that the site knows: that of the realm, or one of the attacker's. */
  provider (issuer: string): Provider {
    const provider = this.#providers.get(issuer) ?? new Provider(issuer)
    this.#providers.set(issuer, provider)
    return provider
  }

  /** Let time go on for the provider and the site, and for nobody else. */
  async advance (seconds: number): Promise<void> {
    await this.realm.advance(seconds)
    this.state.offsetSeconds += seconds
  }

  /** In seconds since 1970, by the attempt's own clock. */
  get nowSeconds (): number { return Math.floor(systemTimeMs() / 1000) + this.state.offsetSeconds }

  tick (name: string): void {
    if (!this.state.ticked.includes(name)) this.state.ticked.push(name)
  }

  untick (name: string): void {
    this.state.ticked = this.state.ticked.filter(ticked => ticked !== name)
  }

  /** Note that something was done just now: what is done after it by hand counts from here on. */
  note (name: string): void {
    this.state.doneAt[name] = systemTimeMs()
  }
}

/** Where the check of a lesson lies that somebody edits. */
export const editedFileOf = (folder: string, { number, slug }: Lesson, check: CheckName): string => join(folder, `${number}-${slug}`, `${check}.ts`)

export const realmNameOf = (id: string): string => `lesson-${id}`

/** What a lesson lets choose from, to mend it. */
export function choicesOf ({ choice, badMends = [] }: Pick<Lesson, 'choice' | 'badMends'>, rules: string[]): string[] {
  return [...choice === 'rules' ? [] : checkNames, ...choice === 'checks' ? [] : rules, ...badMends.map(({ name }) => name)]
}
