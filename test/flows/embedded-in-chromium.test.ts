import t from 'tap'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { flowsInChromium } from './flows.ts'

const lab = await startEmbeddedLab(t)
for (const [about, flow] of Object.entries(flowsInChromium)) t.test(`${about}, in Chromium`, t => flow(t, lab))
