// The tutorial, word by word: what it has one write is written, what it has one type is run. Only what npm would fetch is there already.
import { spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import t from 'tap'
import { installKit, linkPackages } from '../helpers/installed-kit.ts'

const installs = /^npm install (?:--save-dev )?(.+)$/

t.test('the tutorial leads from an empty folder to five tests that pass, and a sixth', async t => {
  const steps = read(readFileSync(join(import.meta.dirname, 'TUTORIAL.md'), 'utf8'))
  t.strictSame([...new Set(steps.flatMap(({ file }) => file ?? []))], ['shop.js', 'shop.test.js'])
  const packages = steps.flatMap(({ command = '' }) => installs.exec(command)?.[1]?.split(' ') ?? [])
  const folder = await installKit(t)
  linkPackages(folder, packages.filter(name => name !== 'oidc-messenger-lab'))
  rmSync(join(folder, 'package.json'))

  const { LAB_URL: _none, NODE_TEST_CONTEXT: _inside, ...env } = process.env
  const path = `${dirname(process.execPath)}${delimiter}${env['PATH']}`
  const passed: string[] = []
  for (const { file, code, command } of steps) {
    if (file !== undefined) appendFileSync(join(folder, file), `${code}\n`)
    if (command === undefined || installs.test(command)) continue
    const { status, stdout, stderr } = spawnSync(command, { cwd: folder, env: { ...env, PATH: path }, shell: true, encoding: 'utf8' })
    t.equal(status, 0, stdout + stderr)
    passed.push(.../pass \d+/.exec(stdout) ?? [])
  }
  t.strictSame(passed, ['pass 5', 'pass 6'])
})

/** What is added to a file, whose name stands in a line before, and what is run, in this order. */
function read (text: string): { file?: string, code?: string, command?: string }[] {
  const steps: ReturnType<typeof read> = []
  let file = ''
  for (const [, name, language, code = ''] of text.matchAll(/^`(\S+)`(?:, once more)?:$|^```(\w+)\n([^]*?)^```$/gm)) {
    if (name !== undefined) file = name
    else if (language === 'sh') steps.push(...code.trim().split('\n').map(command => ({ command })))
    else steps.push({ file, code })
  }
  return steps
}
