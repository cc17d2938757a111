import t from 'tap'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { flows } from './flows.ts'

const lab = await startEmbeddedLab(t)
for (const [about, flow] of Object.entries(flows)) t.test(about, t => flow(t, lab))
