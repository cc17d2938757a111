import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

const importFrom = /^import .*?'(\.{1,2}\/[^']+)'$/gm

/**
 * What modules of pages import, and what those import in turn, without themselves. A page names all of them (`modulepreload`): a browser that
 * has to read each to know the next asks for them one after the other.
 *
 * @param folder that they lie in
 * @param modules their paths below it
 */
export function importedModules (folder: string, modules: readonly string[]): string[] {
  const found = new Set(modules)
  for (const module of found) {
    const text = readFileSync(join(folder, module), 'utf8')
    for (const [, path] of text.matchAll(importFrom)) found.add(posix.join(posix.dirname(module), path!))
  }
  return [...found].filter(module => !modules.includes(module))
}
