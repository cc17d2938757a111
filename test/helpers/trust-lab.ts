import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Test } from 'tap'
import { root } from './lab.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Why browsers cannot be told here to trust an authority, or nothing when they can. */
export function noCertutil (): string | undefined {
  if (process.platform !== 'linux') return 'a browser has a store of its own on Linux alone'
  return spawnSync('certutil', ['-H']).error && 'this machine has no certutil, which libnss3-tools brings'
}

/**
 * Have the browsers that this process starts from now on trust the lab's authority, as `npm run lab:trust` does it, in a home of
 * their own.
 *
 * @param settings what the command is to find the authority by
 */
export function trustLab (t: Test, settings: Record<string, string>): void {
  const home = temporaryFolder(t)
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'trust.ts'), '--browsers-only'], {
    cwd: root, encoding: 'utf8', env: { ...process.env, ...settings, HOME: home }
  })
  if (status !== 0) throw new Error(`lab:trust ended with ${status}: ${stdout}${stderr}`)
  process.env['HOME'] = home
}
