// Runs the tests, all or those named: `npm test`, `npm test -- test/idp/strictness.test.ts`.
//
// tap does the work. This adds what tap does not say: at the end, how many tests of each folder passed, every tier that
// was skipped and why, and the line that CI reads.
import { spawnSync } from 'node:child_process'
import { createReadStream, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { dump } from 'js-yaml'
import { Parser, type Result } from 'tap-parser'

interface Node {
  name: string
  children: Node[]
  /** what the parent says of it; for what is no subtest, the assertion */
  result?: Result
  isTest: boolean
}

const results = '.tap/results.tap'
rmSync(results, { force: true })
const reporter = process.stdout.isTTY ? 'base' : 'silent'
// Its own file, as Windows has another program by its name than other systems.
const tap = join(dirname(fileURLToPath(import.meta.resolve('tap'))), 'run.mjs')
const runTap = (...args: string[]) => spawnSync(process.execPath, [tap, ...args], { stdio: 'inherit' }).status
runTap('build')
const status = runTap('run', `--reporter=${reporter}`, `--output-file=${results}`, ...process.argv.slice(2))

const root = await readResults(results).catch(() => undefined)
if (!root) process.exit(status || 1)
const failed: { name: string, reasons: string }[] = []
const skipped: string[] = []
const passed = new Map<string, number>()
count(root, [])

console.log()
for (const [tier, tests] of [...passed].sort()) console.log(`${tier.padEnd(28)} ${tests} passed`)
for (const { name, reasons } of failed) console.log(`failed:  ${name}\n${reasons}`)
for (const line of skipped) console.log(`skipped: ${line}`)
const total = [...passed.values()].reduce((sum, tests) => sum + tests, 0)
console.log(`\n${total} passed, ${failed.length} failed, ${skipped.length} skipped`)
// A run in which tap failed otherwise, say because nothing was found to run, has failed too.
process.exit(status === 0 && failed.length === 0 && total > 0 ? 0 : 1)

async function readResults (file: string): Promise<Node> {
  const parser = new Parser()
  const tree = watch(parser, '')
  await pipeline(createReadStream(file), parser)
  return tree
}

function watch (parser: Parser, name: string): Node {
  const node: Node = { name, children: [], isTest: true }
  let subtest: Node | undefined
  parser.on('child', (child: Parser) => {
    subtest = watch(child, child.name)
  })
  parser.on('assert', (result: Result) => {
    node.children.push({ ...(subtest ?? { name: result.name, children: [], isTest: false }), result })
    subtest = undefined
  })
  return node
}

/** A test is a subtest without subtests of its own; above that, only what failed or was skipped by itself counts. */
function count (node: Node, path: string[]) {
  for (const child of node.children) {
    const here = [...path, child.name.trim()]
    const isGroup = child.children.some(grandchild => grandchild.isTest || grandchild.result?.skip)
    if (child.result?.skip) {
      skipped.push(`${here.join(' › ')}${typeof child.result.skip === 'string' ? `: ${child.result.skip}` : ''}`)
    } else if (child.isTest && isGroup) {
      count(child, here)
    } else if (!child.result?.ok) {
      failed.push({ name: here.join(' › '), reasons: reasonsOf(child) })
    } else if (child.isTest) {
      const tier = dirname(here[0]!)
      passed.set(tier, (passed.get(tier) ?? 0) + 1)
    }
  }
}

/** What the assertions that failed say of themselves. */
function reasonsOf (node: Node): string {
  const broken = node.isTest ? node.children.filter(({ result }) => !result?.ok) : [node]
  return broken.map(({ name, result }) => dump({ [name]: result?.diag ?? null }).replaceAll(/^/gm, '  ')).join('\n')
}
