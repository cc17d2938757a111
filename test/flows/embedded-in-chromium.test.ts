import t from 'tap'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { chosen, flowsByClockInChromium, flowsInChromium } from './flows.ts'

t.jobs = 3
await Promise.all((await chosen(flowsInChromium)).map(([about, flow]) =>
  t.test(`${about}, in Chromium`, { buffered: true }, async t => flow(t, await startEmbeddedLab(t)))))
for (const [about, flow] of await chosen(flowsByClockInChromium)) {
  await t.test(`${about}, in Chromium`, async t => flow(t, await startEmbeddedLab(t)))
}
