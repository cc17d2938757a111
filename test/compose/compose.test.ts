import t from 'tap'
import { flows } from '../flows/flows.ts'
import { noCompose, startComposeLab } from '../helpers/compose-lab.ts'

const reason = await noCompose()
if (reason) {
  t.test('the flows in Compose', { skip: reason }, async () => {})
} else {
  const lab = await startComposeLab(t)
  for (const [about, flow] of Object.entries(flows)) t.test(about, t => flow(t, lab))
}
