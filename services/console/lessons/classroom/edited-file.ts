import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { editedFileOf } from '../attempts/attempt.ts'
import { fileOf, sourceOf } from '../careless/checks.ts'
import type { Lesson } from '../lesson.ts'

/**
 * Put the careless check of a lesson where it can be edited, unless it is there already.
 *
 * @param folder where such files lie
 * @returns the path of the file, and what it says; nothing for a lesson that breaks no check of the site
 */
export async function putEditedFile (folder: string, lesson: Lesson): Promise<{ file: string, source: string } | undefined> {
  const [check] = lesson.weakness.checks ?? []
  if (check === undefined) return undefined
  const file = editedFileOf(folder, lesson, check)
  const there = await readFile(file, 'utf8').catch(() => undefined)
  if (there !== undefined) return { file, source: there }
  const pathTo = relative(dirname(file), dirname(dirname(fileOf(check, 'careless')))).replaceAll('\\', '/')
  const source = [
    `// Lesson ${lesson.number}. Mend it: whatever defeats the attack, and lets Alice sign in, will do. It is read anew whenever it has changed.`,
    '// What is thrown here is a refusal, and its message is what the shop says.',
    (await sourceOf(check, 'careless')).replace(/from '\.\.\//g, `from '${pathTo}/`)
  ].join('\n')
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, source)
  return { file, source }
}
