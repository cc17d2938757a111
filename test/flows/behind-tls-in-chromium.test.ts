import t from 'tap'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { noCertutil, trustLab } from '../helpers/trust-lab.ts'
import { flowsBehindTls } from './flows.ts'

const reason = noCertutil()
if (reason) {
  t.test('behind TLS, in Chromium', { skip: reason }, async () => {})
} else {
  const lab = await startEmbeddedLab(t, { TLS: 'on' })
  trustLab(t, lab.settings)
  for (const [about, flow] of Object.entries(flowsBehindTls.inChromium)) await t.test(`${about}, in Chromium`, t => flow(t, lab))
}
