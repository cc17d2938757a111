import t from 'tap'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { flowsOfMessengerInChromium } from './flows.ts'

t.jobs = 2
await Promise.all(Object.entries(flowsOfMessengerInChromium).map(([about, flow]) =>
  t.test(`${about}, in Chromium`, { buffered: true }, async t => flow(t, await startEmbeddedLab(t)))))
