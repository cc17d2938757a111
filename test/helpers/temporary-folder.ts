import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** Another empty folder with each call, until the test ends. */
export function temporaryFolder (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'lab-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
