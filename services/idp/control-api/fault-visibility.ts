import type { ActiveFault } from '../faults/active-faults.ts'
import { findFault } from '../faults/catalogue.ts'
import type { Realm } from '../realm/realm.ts'

/**
 * Why a fault that is switched on will not show for now, in words; nothing where nothing speaks against it. What a client keeps
 * is not seen from here, but that it has asked for it is.
 */
export function reasonNotToShow (realm: Realm, active: ActiveFault): string | undefined {
  const point = findFault(active.fault)?.point
  const { username, client_id: clientId } = active
  if (username !== undefined && realm.accounts.named(username)?.disabled) return `${username} is disabled, and cannot sign in.`

  const actives = realm.instruments!.faults.active()
  const later = actives.slice(actives.findIndex(({ id }) => id === active.id) + 1).findLast(other =>
    findFault(other.fault)?.point === point &&
    (other.client_id === undefined || other.client_id === clientId) && (other.username === undefined || other.username === username))
  if (later) return `${later.fault}, which was switched on later, is applied in its place.`

  const clients = realm.clients.all.filter(client => clientId === undefined || client.client_id === clientId)
  const whose = clientId ?? 'No client'
  const not = clientId === undefined ? '' : ' not'
  switch (point) {
    case 'jwks':
      if (!keysAreKnown(realm)) return undefined
      return `${fetched(realm, 'jwks')} Clients keep the keys: it shows when one asks again, as it does for a key that it does not ` +
        'know (POST /lab/keys/rotate).'
    case 'discovery':
      if (!latest(realm, 'discovery')) return undefined
      return `${fetched(realm, 'discovery')} Clients keep the document: it shows when one asks again, as it does when it is started.`
    case 'refreshed-id-token': return clients.some(client => client.grant_types.includes('refresh_token'))
      ? undefined
      : `${whose} is${not} registered for the grant refresh_token.`
    case 'logout-token': return clients.some(client => client.backchannel_logout_uri !== undefined)
      ? undefined
      : `${whose} has${clientId === undefined ? ' a' : ' no'} backchannel_logout_uri, so no logout token is sent.`
    case 'end-session-response': return clients.some(client => client.post_logout_redirect_uris.length > 0)
      ? undefined
      : `${whose} has${clientId === undefined ? '' : ' no'} post_logout_redirect_uris, so nobody is sent back.`
    default: return undefined
  }
}

const latest = ({ instruments }: Realm, endpoint: string) =>
  instruments!.ledger.query({ endpoint, status: 200, order: 'desc', limit: 1 }).entries[0]

const fetched = (realm: Realm, endpoint: 'jwks' | 'discovery') =>
  `${endpoint === 'jwks' ? 'The keys were' : 'The document was'} asked for already, last at ${latest(realm, endpoint)!.time}.`

/** Whether all keys that sign now were among those that were asked for last. */
function keysAreKnown (realm: Realm): boolean {
  const known = String(latest(realm, 'jwks')?.answer['keys'] ?? '')
  return known !== '' && realm.keys.all.filter(({ stage }) => stage === 'current').every(({ kid }) => known.includes(kid))
}
