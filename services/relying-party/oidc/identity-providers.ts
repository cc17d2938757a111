import type { Logger } from '#lib/server/http-server.ts'
import type { RelyingPartyConfig } from '../config.ts'
import { Refusal } from '../refusal.ts'
import { IdentityProvider } from './identity-provider.ts'

/** The identity providers that people can sign in with. */
export class IdentityProviders {
  /** the one that signs in where nothing else is said, and for the Messenger */
  readonly main: IdentityProvider
  readonly all: readonly IdentityProvider[]

  constructor (config: RelyingPartyConfig, log: Logger) {
    const { app, oidc, otherProviders, messenger } = config
    this.main = new IdentityProvider(oidc, { app, callback: '/callback', messenger, log })
    // A redirect URI of its own for each, so that a response of one cannot be taken for that of another, even where they do
    // not say who they are. https://www.rfc-editor.org/rfc/rfc9700#section-4.4.2.2
    const others = otherProviders.map(provider =>
      new IdentityProvider(provider, { app, callback: `/callback/${provider.name}`, messenger, log }))
    this.all = [this.main, ...others]
  }

  has (issuer: string): boolean {
    return this.all.some(provider => provider.isOf(issuer))
  }

  /**
   * The provider of this issuer identifier.
   *
   * @throws {Refusal} when it is none of ours
   */
  of (issuer: string): IdentityProvider {
    const provider = this.all.find(provider => provider.isOf(issuer))
    if (!provider) throw new Refusal('unknown_issuer')
    return provider
  }
}
