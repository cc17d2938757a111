import { ledgerRoutesOf } from '#lib/ledger-routes.ts'

/** What was exchanged with browsers and clients of a realm. */
export const ledgerRoutes = ledgerRoutesOf(request => request.realm.lab!.ledger)
