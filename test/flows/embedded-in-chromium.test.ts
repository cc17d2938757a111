import t from 'tap'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { flowsByClockInChromium, flowsInChromium } from './flows.ts'

t.jobs = 2
await Promise.all(Object.entries(flowsInChromium).map(([about, flow]) =>
  t.test(`${about}, in Chromium`, { buffered: true }, async t => flow(t, await startEmbeddedLab(t)))))
for (const [about, flow] of Object.entries(flowsByClockInChromium)) {
  await t.test(`${about}, in Chromium`, async t => flow(t, await startEmbeddedLab(t)))
}
