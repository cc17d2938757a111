import type { Provider } from 'oidc-provider'
import type { Test } from 'tap'
import { startBareProvider } from './bare-provider.ts'
import { Person } from './person.ts'
import { freeAddresses, startRelyingParty } from './relying-party.ts'

type ProviderOptions = Parameters<typeof startBareProvider>[2]

/** A provider, the relying party that knows it by its settings, and somebody at both. */
export async function start (t: Test, options: ProviderOptions = {}, settings: Record<string, string> = {}) {
  const addresses = await freeAddresses()
  const provider = await startBareProvider(t, addresses, options)
  const { origin } = await startRelyingParty(t, addresses, { IDP_ISSUER: provider.issuer, ...settings })
  return { provider, origin, person: new Person(origin) }
}

export type Claims = Record<string, unknown>

/** Let a provider put other claims into its ID tokens than it would. */
export const changeIdTokens = (change: (claims: Claims, grantType: unknown) => void) => (provider: Provider) => {
  const prototype = provider.IdToken.prototype as unknown as {
    payload: (this: { ctx?: { oidc: { params?: Claims } } }) => Promise<Claims>
  }
  const { payload } = prototype
  prototype.payload = async function () {
    const claims = await payload.call(this)
    change(claims, this.ctx?.oidc.params?.['grant_type'])
    return claims
  }
}

/** What can be taken out of the request where it is not pushed. */
export const inBrowser = { OIDC_PAR: 'never' }
