import t from 'tap'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { withOwnPeople } from '../helpers/own-people.ts'
import { flowsBehindTls } from './flows.ts'

const lab = await startEmbeddedLab(t, { TLS: 'on' })
t.jobs = 4
await Promise.all(Object.entries(flowsBehindTls.sideBySide).map(([about, flow]) =>
  t.test(about, { buffered: true }, async t => flow(t, await withOwnPeople(t, lab)))))
for (const [about, flow] of Object.entries(flowsBehindTls.alone)) await t.test(about, t => flow(t, lab))
