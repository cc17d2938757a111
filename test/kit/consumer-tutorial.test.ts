// The tutorial, word by word: what it has one write is written, what it has one type is run. Only what npm would fetch is there already.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import t from 'tap'
import { installKit, linkPackages } from '../helpers/installed-kit.ts'

const installs = /^npm install (?:--save-dev )?(.+)$/

t.test('the tutorial leads from an empty folder to five tests that pass', async t => {
  const { files, commands } = read(readFileSync(join(import.meta.dirname, 'TUTORIAL.md'), 'utf8'))
  t.strictSame([...files.keys()], ['shop.js', 'shop.test.js'])
  const packages = commands.flatMap(command => installs.exec(command)?.[1]?.split(' ') ?? [])
  const folder = await installKit(t)
  linkPackages(folder, packages.filter(name => name !== 'oidc-messenger-lab'))
  rmSync(join(folder, 'package.json'))
  for (const [name, text] of files) writeFileSync(join(folder, name), text)

  const { LAB_URL: _none, NODE_TEST_CONTEXT: _inside, ...env } = process.env
  const path = `${dirname(process.execPath)}${delimiter}${env['PATH']}`
  const outputs = commands.filter(command => !installs.test(command)).map(command =>
    spawnSync(command, { cwd: folder, env: { ...env, PATH: path }, shell: true, encoding: 'utf8' }))
  for (const { status, stdout, stderr } of outputs) t.equal(status, 0, stdout + stderr)
  t.match(outputs.at(-1)?.stdout, /pass 5\b/)
})

/** Files by their names, which stand in a line before the first block of each, and commands. */
function read (text: string): { files: Map<string, string>, commands: string[] } {
  const files = new Map<string, string>()
  const commands: string[] = []
  let current = ''
  for (const [, name, language, code] of text.matchAll(/^`(\S+)`:$|^```(\w+)\n([^]*?)^```$/gm)) {
    if (name !== undefined) current = name
    else if (language === 'sh') commands.push(...code!.trim().split('\n'))
    else files.set(current, `${files.get(current) ?? ''}${code}\n`)
  }
  return { files, commands }
}
