import type { Test } from 'tap'
import type { FaultInCatalogue } from '../../services/idp/control-api/fault-routes.ts'
import { brokenBy, findingsAbout } from '../helpers/examined-faults.ts'
import { broken, examinedJourneys } from '../helpers/examined-journeys.ts'
import type { Application } from './application.ts'

/**
 * The console's examiner, which sees of an application outside the lab only what reaches the provider, marks the check that a fault
 * breaks and no other; and it says that the application has accepted that where it has, and never where it has not.
 */
export async function isExamined (t: Test, application: Application, { name, group }: FaultInCatalogue, isAccepted: boolean): Promise<void> {
  const journeys = await examinedJourneys(application)
  const isMet = journeys.filter(({ messages }) => messages.some(({ faults }) => faults.includes(name)))
  const findings = isMet.flatMap(journey => findingsAbout(name, journey))
  t.strictSame(broken(findings), brokenBy(name, findings), 'the examiner marks it')
  t.strictSame(broken(journeys.filter(journey => !isMet.includes(journey)).flatMap(({ findings }) => findings)), [], 'and nothing in a good sign-in')

  const outcomes = new Set(findings.filter(({ ok, by }) => !ok && by === 'relying party').map(({ outcome }) => outcome))
  if (outcomes.size > 0) t.strictSame([...outcomes], [expectedOutcome(group, isAccepted)], 'what came of it')
}

function expectedOutcome (group: FaultInCatalogue['group'], isAccepted: boolean) {
  // Its own answer says it.
  if (group === 'logout-token') return isAccepted ? 'accepted' : 'refused'
  const leavesTraces = ['authorization-response', 'id-token', 'refresh'].includes(group)
  return isAccepted && leavesTraces ? 'accepted' : undefined
}
