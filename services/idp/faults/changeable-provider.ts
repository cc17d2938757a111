import { Provider, type Configuration, type KoaContextWithOIDC, type UnknownObject } from 'oidc-provider'

/** Makes of a successful authorization response what goes out in its place; a member that is undefined is left out. */
export type ChangeResponse = (ctx: KoaContextWithOIDC, response: UnknownObject) => Promise<UnknownObject>

/**
 * oidc-provider whose successful authorization responses can be changed right before they go out, by what may take a moment: its
 * own event `authorization.success` waits for nobody.
 */
export class ChangeableProvider extends Provider {
  readonly #succeeded = new WeakSet<object>()
  #change: ChangeResponse | undefined

  constructor (issuer: string, configuration: Configuration) {
    super(issuer, configuration)
    this.on('authorization.success', ctx => this.#succeeded.add(ctx))
  }

  /** Change them so from now on. */
  changeResponses (change: ChangeResponse): void {
    this.#change = change
  }

  override registerResponseMode (name: string, handler: Parameters<Provider['registerResponseMode']>[1]): void {
    super.registerResponseMode(name, async (ctx, redirectUri, payload) =>
      await handler.call(this, ctx, redirectUri, await this.#changed(ctx, payload)))
  }

  async #changed (ctx: KoaContextWithOIDC, payload: UnknownObject): Promise<UnknownObject> {
    // Once: a response that is a JWT goes through two modes.
    if (!this.#change || !this.#succeeded.delete(ctx)) return payload
    const changed = await this.#change(ctx, payload)
    return Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== undefined))
  }
}
