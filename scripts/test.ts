// Runs the tests, all or those named: `npm test`, `npm test -- test/idp/tokens.test.ts`, `npm test -- test/flows/refresh.ts`;
// with `--quick`, each service by itself, without a container or a browser.
//
// tap does the work. This adds what tap does not: it keeps Chromium and containers apart, runs a flow by its file, and says at
// the end how many tests of each folder passed, which files took longest, every tier that was skipped and why, and the line
// that CI reads.
import { spawnSync } from 'node:child_process'
import { createReadStream, globSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
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

const root = join(import.meta.dirname, '..')
process.chdir(root)
// Its own file, as Windows has another program by its name than other systems.
const tapMain = import.meta.resolve('tap')
const tap = join(dirname(fileURLToPath(tapMain)), 'run.mjs')
const runTap = (...args: string[]) => spawnSync(process.execPath, [tap, ...args], { stdio: 'inherit' }).status

// As it is installed, tap has a plugin that compiles TypeScript, which Node does itself. `.taprc` leaves it out: that is built once.
const builtTap = createRequire(tapMain).resolve('@tapjs/test/test-built')
if (readFileSync(builtTap, 'utf8').includes('@tapjs/typescript')) runTap('build')

const reporter = process.stdout.isTTY ? 'base' : 'silent'
const outcomes = rounds(process.argv.slice(2)).map((round, index) => {
  const results = `.tap/results-${index}.tap`
  rmSync(results, { force: true })
  return { results, status: runTap('run', `--reporter=${reporter}`, `--output-file=${results}`, ...round) }
})

const failed: { name: string, reasons: string }[] = []
const skipped: string[] = []
const passed = new Map<string, { tests: number, ms: number }>()
const files: { name: string, ms: number }[] = []
let status = 0
for (const outcome of outcomes) {
  status ||= outcome.status ?? 1
  const results = await readResults(outcome.results).catch(() => undefined)
  if (!results) process.exit(status || 1)
  count(results, [])
  files.push(...results.children.filter(({ isTest }) => isTest).map(({ name, result }) => ({ name: name.trim(), ms: result?.time ?? 0 })))
}

console.log()
for (const { name, ms } of files) {
  const ofTier = passed.get(dirname(name))
  if (ofTier) ofTier.ms += ms
}
for (const [tier, { tests, ms }] of [...passed].sort()) {
  console.log(`${tier.padEnd(28)} ${String(tests).padStart(5)} passed ${seconds(ms)}`)
}
console.log('\nslowest files:')
for (const { name, ms } of files.sort((a, b) => b.ms - a.ms).slice(0, 8)) console.log(`${seconds(ms)}  ${name}`)
for (const { name, reasons } of failed) console.log(`failed:  ${name}\n${reasons}`)
for (const line of skipped) console.log(`skipped: ${line}`)
const total = [...passed.values()].reduce((sum, { tests }) => sum + tests, 0)
console.log(`\n${total} passed, ${failed.length} failed, ${skipped.length} skipped`)
// A run in which tap failed otherwise, say because nothing was found to run, has failed too.
process.exit(status === 0 && failed.length === 0 && total > 0 ? 0 : 1)

/** What tap is given, one round after the other: files that may run at the same time. */
function rounds (args: string[]): string[][] {
  const isOption = (arg: string) => arg.startsWith('-')
  const options = args.filter(arg => isOption(arg) && arg !== '--quick')
  const named = args.filter(arg => !isOption(arg)).map(path => slashed(relative(root, resolve(path))))
  const flows = named.filter(path => /^test\/flows\/.+\.ts$/.test(path) && !path.endsWith('.test.ts'))
  const files = named.length === 0
    ? testsIn('test')
    : named.filter(path => !flows.includes(path)).flatMap(path => path.endsWith('.ts') ? [path] : testsIn(path))
  const wanted = args.includes('--quick') ? files.filter(path => !/^test\/(compose|flows)\/|-in-chromium\./.test(path)) : files
  const inChromium = wanted.filter(path => path.endsWith('-in-chromium.test.ts'))
  const others = wanted.filter(path => !inChromium.includes(path))
  // Compose adds and removes network interfaces, and Chromium gives up what it loads when it sees that. It waits more than it
  // computes, so there is room for two files beside it.
  const beside = others.some(path => path.startsWith('test/compose/')) ? ['--jobs=3'] : []
  const withFlows = flows.length === 0 ? [] : ['test/flows/named.ts', ...flows.map(path => `--test-arg=${resolve(path)}`)]
  return [[...beside, ...others], inChromium, withFlows].filter(round => round.length > 0).map(round => [...options, ...round])
}

function testsIn (folder: string): string[] {
  return globSync(`${folder}/**/*.test.ts`).map(slashed)
}

function slashed (path: string): string {
  return path.replaceAll('\\', '/')
}

function seconds (ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(6)} s`
}

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
      const { tests, ms } = passed.get(tier) ?? { tests: 0, ms: 0 }
      passed.set(tier, { tests: tests + 1, ms })
    }
  }
}

/** What the assertions that failed say of themselves. */
function reasonsOf (node: Node): string {
  const broken = node.isTest ? node.children.filter(({ result }) => !result?.ok) : [node]
  return broken.map(({ name, result }) => dump({ [name]: result?.diag ?? null }).replaceAll(/^/gm, '  ')).join('\n')
}
