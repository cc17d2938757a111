import type { SerializedCookieJar } from 'tough-cookie'
import { clientId, clientSecret } from '../attempts/clients.ts'
import type { RealmClient } from '../attempts/realm-client.ts'
import { fetch } from '#lib/outbound/outbound.ts'
import type { Scene } from './scene.ts'
import { MoveRefused, Visitor } from './visitor.ts'

/**
 * What the moves of an attack are played with: the attacker’s browser, Alice’s where she is played too, and what they have got so far.
 * Of the attacker everything goes over the wire by the name `evil`, which is how the live view tells the two apart.
 */
export class Play {
  readonly scene: Scene
  readonly mallory: Visitor
  readonly alice: Visitor

  constructor (scene: Scene) {
    const { cookies } = scene.state
    this.scene = scene
    this.mallory = new Visitor({ headers: { 'user-agent': 'evil' }, cookies: cookies['mallory'] as SerializedCookieJar | undefined })
    this.alice = new Visitor({ headers: { 'user-agent': 'alice' }, cookies: cookies['alice'] as SerializedCookieJar | undefined })
  }

  /** Address of the careless site’s first page, with a slash at the end. */
  get home (): string { return this.scene.home }
  /** Address of the attacker’s page, with a slash at the end. */
  get lair (): string { return this.scene.lair }
  get realm (): RealmClient { return this.scene.realm }
  get clientId (): string { return clientId }
  get clientSecret (): string { return clientSecret }

  /** Somebody’s sign-in at the careless site, to where it leads. */
  signIn = (who: Visitor, username: string, query = '') => who.visit(`${this.home}login${query}`, { as: username })

  /**
   * Somebody’s sign-in up to the answer, which is not opened.
   *
   * @returns the address that the browser was sent to with the code
   */
  async answerOf (who: Visitor, username: string, query = ''): Promise<URL> {
    const { url } = await who.visit(`${this.home}login${query}`, { as: username, stopAt: url => url.startsWith(`${this.home}callback`) })
    return new URL(url)
  }

  /** What one move leaves for those after it. */
  keep (name: string, value: string): void { this.scene.state.kept[name] = value }

  /** What a move before has left. */
  kept (name: string): string {
    const value = this.scene.state.kept[name]
    if (value === undefined) throw new MoveRefused(`There is no “${name}” yet: do the steps before this one first, Alice’s too.`)
    return value
  }

  /** What the attacker has got hold of. */
  loot (what: string, value: string): void {
    this.scene.state.loot.push({ what, value })
  }

  /** What the attacker’s page says of a move. */
  says (line: string): void { this.scene.state.log.push(line) }

  /** A request of the attacker’s without a browser, as with curl. */
  curl = (url: string, { form, headers }: { form?: Record<string, string>, headers?: Record<string, string> } = {}) =>
    this.mallory.request(url, { ...(form && { form }), headers: { accept: 'application/json', ...headers } })

  /** The keys of a provider, that of the realm where not said, which anybody may read. */
  async publishedKeys (issuer = this.realm.issuer): Promise<{ kid: string, kty: string, n: string, e: string, alg: string }[]> {
    const response = await fetch(`${issuer}/jwks`)
    return (await response.json() as { keys: { kid: string, kty: string, n: string, e: string, alg: string }[] }).keys
  }

  /** Keep the cookies of both browsers for the next move. */
  close (): void {
    this.scene.state.cookies = { mallory: this.mallory.keep(), alice: this.alice.keep() }
  }
}

/** The value of a named field on a page of the careless site: `<output name="card">…</output>`. */
export const fieldIn = (text: string, name: string): string | undefined => new RegExp(`<output name="${name}">([^<]*)<`).exec(text)?.[1]
