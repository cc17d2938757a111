import type { Provider } from 'oidc-provider'
import type { Logger } from '#lib/server/http-server.ts'
import { applyLogoutTokenFaults } from '../faults/apply-logout-token-faults.ts'
import { ChangeableProvider } from '../faults/changeable-provider.ts'
import { PermissiveClients, warnOfPermissiveClients } from '../permissive/permissive-clients.ts'
import { storeAdapter } from '../realm/oidc-adapter.ts'
import type { Realm } from '../realm/realm.ts'
import { recordOutgoing } from '../recording/record-outgoing.ts'
import { configurationOf } from './configuration.ts'
import { extendProvider } from './extensions/extensions.ts'
import { send } from './outgoing-requests.ts'
import type { ProviderPages } from './provider-pages.ts'

/**
 * The OpenID Provider of a realm: oidc-provider as it is configured, with what is changed in it. It keeps nothing itself, so
 * another one can take its place, e.g. when keys have changed.
 */
export function createProvider (realm: Realm, { pages, log }: { pages: ProviderPages, log: Logger }): Provider {
  const { accounts, clients, cookieKeys, cookieSignatures, instruments, issuer, keys, mountPath, settings, store } = realm
  const lab = instruments !== undefined
  const permissive = new PermissiveClients(clients, { lab })
  if (!lab) warnOfPermissiveClients(clients, log)

  const provider = new ChangeableProvider(issuer, configurationOf({
    mountPath,
    lab,
    adapter: storeAdapter(store, clients),
    jwks: keys.jwks(),
    cookieKeys,
    accounts,
    clients,
    permissive,
    settings: settings.value,
    pages,
    fetch: instruments
      ? applyLogoutTokenFaults(recordOutgoing(send), { faults: instruments.faults, keys, accounts, clients })
      : send
  }))
  extendProvider(provider, {
    accounts,
    clients,
    permissive,
    keys,
    cookieSignatures,
    settings,
    store,
    instruments,
    pages,
    log,
    isRemoved: () => realm.removed
  })
  return provider
}
