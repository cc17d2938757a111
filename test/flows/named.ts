import { relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import * as catalogue from './flows.ts'

// The flows in the files that are named, one after the other, each with an embedded lab to itself.
const flows = Object.values(catalogue).flatMap(flows => Object.entries(flows))
for (const file of process.argv.slice(2)) {
  const exported: unknown[] = Object.values(await import(pathToFileURL(file).href))
  const [found] = flows.filter(([, flow]) => exported.includes(flow))
  if (!found) {
    t.fail(`flows.ts has no flow of ${relative('.', file)}`)
    continue
  }
  const [about, flow] = found
  t.test(about, async t => {
    const lab = await startEmbeddedLab(t)
    // A test of its own, so that what it puts back at its end is put back while there is a lab.
    await t.test('in a lab of its own', t => flow(t, lab))
  })
}
