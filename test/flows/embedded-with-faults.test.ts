import t from 'tap'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { flowsWithFaults } from './flows.ts'

// One of the faults is a provider that never answers.
const lab = await startEmbeddedLab(t, { OIDC_TIMEOUT: '2' })
for (const [about, flow] of Object.entries(flowsWithFaults)) t.test(about, t => flow(t, lab))
