import type { FastifyRequest } from 'fastify'
import { ledgerRoutesOf, type KnownValues } from '#lib/ledger/ledger-routes.ts'
import { faultNames } from '../faults/catalogue.ts'
import { rules } from '../clients/rules.ts'
import { NoSuchRealm, type Realm } from '../realm/realm.ts'
import { endpointNames } from '../recording/endpoint-names.ts'

function valuesOf ({ realm }: FastifyRequest): KnownValues {
  const clients = realm.clients.all.map(client => client.client_id)
  return {
    endpoint: endpointNames,
    client_id: clients,
    username: realm.accounts.all.map(user => user.username),
    fault: faultNames,
    rule: rules.map(({ name }) => name),
    from: ['browser', 'unknown', 'idp', ...clients]
  }
}

function ledgerOf (realm: Realm) {
  if (realm.removed) throw new NoSuchRealm(realm.name)
  return realm.instruments!.ledger
}

/** What was exchanged with browsers and clients of a realm. */
export const realmLedgerRoutes = ledgerRoutesOf(({ realm }) => ledgerOf(realm), valuesOf)
