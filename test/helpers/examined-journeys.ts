import { examine, type Finding } from '../../services/console/examiner/examine.ts'
import { Signatures } from '../../services/console/examiner/signatures.ts'
import { Journeys, type Journey } from '../../services/console/journeys/journeys.ts'
import { messageOf } from '../../services/console/journeys/message.ts'
import type { ControlApiClient } from '../../services/idp/control-api/control-api-client.ts'

/** A journey, and what the examiner finds in it. */
export interface ExaminedJourney extends Journey { findings: Finding[] }

/** What the console makes of the ledger of an issuer, and its examiner of that. */
export async function examinedJourneys ({ issuer, lab }: { issuer: string, lab: ControlApiClient }): Promise<ExaminedJourney[]> {
  const [{ entries }, clients, keys] = await Promise.all([lab.ledger.query({ limit: 1_000, secrets: 'show' }), lab.clients.list(), lab.keys.list()])
  const journeys = new Journeys()
  const realm = issuer.split('/realms/')[1] ?? ''
  for (const entry of entries) journeys.add(messageOf('idp', realm, 'ledger', entry))
  const knowledge = { issuer, app: '', clients, keys: keys.map(({ jwk }) => jwk), signatures: new Signatures() }
  return Promise.all(journeys.all.map(async journey => ({ ...journey, findings: await examine(journey, knowledge, journeys.all) })))
}

/** The names of the checks that do not hold. */
export const broken = (findings: readonly Finding[]): string[] => [...new Set(findings.filter(({ ok }) => !ok).map(({ name }) => name))]
