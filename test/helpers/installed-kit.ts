import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { runNode } from './command.ts'
import { root } from './lab.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Pack the kit and install it in a folder that knows nothing of this repository; returns that. It ends with the test. */
export async function installKit (t: Test): Promise<string> {
  const [packed, consumer] = [temporaryFolder(t), temporaryFolder(t)]
  const pack = runNode(t, [join('scripts', 'launch.js'), join('scripts', 'pack.ts'), '--to', packed], { cwd: root })
  if (await pack.exit !== 0) throw new Error(pack.output())
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  const { dependencies } = JSON.parse(readFileSync(join(packed, 'package', 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
  linkPackages(consumer, Object.keys(dependencies))
  const [tarball] = globSync(join(packed, '*.tgz'))
  execFileSync('npm', ['install', '--offline', '--ignore-scripts', tarball!], { cwd: consumer, shell: process.platform === 'win32' })
  return consumer
}

/** Have packages of this repository found in another folder, as if npm had installed them there: it then asks no registry for them. */
export function linkPackages (folder: string, names: string[]): void {
  for (const name of names) {
    const link = join(folder, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), link, 'junction')
  }
}
