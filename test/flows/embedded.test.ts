import t from 'tap'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { withOwnPeople } from '../helpers/own-people.ts'
import { flowsAlone, flowsSideBySide } from './flows.ts'

const lab = await startEmbeddedLab(t)
t.jobs = 4
await Promise.all(Object.entries(flowsSideBySide).map(([about, flow]) =>
  t.test(about, { buffered: true }, async t => flow(t, await withOwnPeople(t, lab)))))
for (const [about, flow] of Object.entries(flowsAlone)) await t.test(about, t => flow(t, lab))
