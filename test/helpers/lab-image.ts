import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Test } from 'tap'
import { runDocker } from './compose-lab.ts'
import { root } from './lab.ts'

/** Build the image of the lab as Compose does, under a name of its own; it is removed when the test ends. */
export function buildLabImage (t: Test): string {
  const image = `lab-test-${randomBytes(4).toString('hex')}-lab`
  runDocker('build', '--quiet', '--file', join(root, 'services', 'Dockerfile'), '--tag', image, root)
  t.teardown(() => runDocker('image', 'rm', image))
  return image
}
