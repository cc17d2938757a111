import type { Test } from 'tap'
import { networkIsQuiet } from './compose-lab.ts'
import type { Lab } from './lab.ts'
import { withOwnPeople } from './own-people.ts'

type Flows = Record<string, (t: Test, lab: Lab) => Promise<void>>

/**
 * Run flows against a lab in Compose: side by side, each with people of its own, those with a browser among them, and then one after the
 * other those that need it to themselves.
 *
 * @param flows.inChromium none of those beside it may start or stop a container
 * @param atOnce how many run at the same time, beside each other
 */
export async function runFlows (
  t: Test, lab: Lab, { inChromium, sideBySide, alone = {} }: { inChromium: Flows, sideBySide: Flows, alone?: Flows }, atOnce: number
): Promise<void> {
  t.jobs = atOnce
  await Promise.all([
    ...Object.entries(inChromium).map(([about, flow]) => t.test(`${about}, in Chromium`, { buffered: true }, async t => {
      await networkIsQuiet()
      await flow(t, lab)
    })),
    ...Object.entries(sideBySide).map(([about, flow]) => t.test(about, { buffered: true }, async t => flow(t, await withOwnPeople(t, lab))))
  ])
  for (const [about, flow] of Object.entries(alone)) await t.test(about, t => flow(t, lab))
}
