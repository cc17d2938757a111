import type { User } from '../accounts/users.ts'
import type { RegisteredClient } from '../clients/registered-clients.ts'
import { noPreset, type PresetName, type RealmSettings } from '../state/realm-settings.ts'
import { auth0 } from './auth0.ts'
import { entra } from './entra.ts'
import { keycloak } from './keycloak.ts'
import { okta } from './okta.ts'
import type { Preset } from './preset.ts'

const presets: Record<PresetName, Preset> = { okta, auth0, keycloak, entra }

/** The product whose habits a realm has; nothing where it has those of the lab. */
export const presetOf = ({ like = noPreset }: Partial<RealmSettings>): Preset | undefined => like === noPreset ? undefined : presets[like]

/** Settings with those of the product that they name, where they say nothing else. */
export function withPreset (said: Partial<RealmSettings>): Partial<RealmSettings> {
  const { settings } = presetOf(said) ?? {}
  return settings ? { ...settings, ...said, scopes: { ...settings.scopes, ...said.scopes } } : said
}

/** What a client has where nothing is said of it, in a realm of these settings. */
export function clientDefaultsOf (settings: Partial<RealmSettings>): Partial<RegisteredClient> {
  const preset = presetOf(settings)
  return preset ? { pushed_authorization_requests: preset.pushedRequests } : {}
}

/** Somebody with the claims that the product has of them, for a client and a use. */
export function dressed (user: User, preset: Preset | undefined, { clientId, inIdToken }: { clientId: string, inIdToken: boolean }): User {
  return preset ? { ...user, claims: { ...preset.claimsOf(user), ...(inIdToken && preset.inIdToken(clientId, user)) } } : user
}
