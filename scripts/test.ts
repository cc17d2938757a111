// Runs the tests, all or those named: `npm test`, `npm test -- test/idp/provider/tokens.test.ts`, `npm test -- test/flows/refresh.ts`;
// with `--quick`, each service by itself, without a container or a browser; with `--grep=/words/`, tests by their names.
//
// Each file is a program that tap makes. This runs them some at a time, keeps browsers and containers apart, runs a flow by its
// file, and says at the end how many tests of each folder passed, which files took longest, every tier that was skipped and
// why, and the line that CI reads. tap's own runner would watch what each file loads, for coverage, which takes a second of
// processor time a file.
import { spawn } from 'node:child_process'
import { existsSync, globSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { dump } from 'js-yaml'
import { Parser, type Result } from 'tap-parser'
import { readArguments, readOrExit, UsageError } from '#lib/settings/command-line.ts'

interface Node {
  name: string
  children: Node[]
  /** what the parent says of it; for what is no subtest, the assertion */
  result?: Result
  isTest: boolean
}

interface File {
  path: string
  args: string[]
}

/** Files that may run at the same time. */
interface Round {
  files: File[]
  /** of these one after another */
  inTurn: File[]
  atOnce: number
}

interface Failure {
  name: string
  reasons: string
}

interface Outcome extends File {
  passed: number
  failed: Failure[]
  skipped: string[]
  ms: number
}

const maxReasonCharacters = 4_000
// Of a whole file: for one that hangs, and not for one whose processors others use.
const timeoutSeconds = 900
// Where more fail, it is not for want of a processor.
const maxUnsteadyFiles = 5
const root = join(import.meta.dirname, '..')
process.chdir(root)
const usage = `Runs the tests: npm test -- [options] [folder, file or flow ...]

  npm test                                    everything that this machine can run
  npm test -- test/idp                        a folder, or a file
  npm test -- test/flows/refresh.ts           a flow, against an embedded lab of its own
  npm test -- test/lib --grep=/clock/i        tests by their names

  --quick           each service by itself, without a container or a browser: npm run test:quick
  --grep=/words/    only tests with such names
  --again           up to five files that failed run once more at the end, each by itself; what passes then is named as unsteady
  --help

test/README.md says what is where. Exit code 0: all have passed. 1: some have not, or there were none. 2: it could not be run.`
const { values: options, positionals } = readOrExit(usage, understand)
const env = {
  ...process.env,
  TAP: '1',
  TAP_TIMEOUT: String(timeoutSeconds),
  ...(options.grep && { TAP_GREP: options.grep }),
  ...(options.quick && { WITHOUT_CONTAINERS: 'true' })
}

const outcomes: Outcome[] = []
for (const { files, inTurn, atOnce } of rounds()) {
  const waiting = [...files]
  await Promise.all(Array.from({ length: atOnce }, async (_, worker) => {
    if (worker === 0) for (const file of inTurn) outcomes.push(await run(file))
    for (let next = waiting.shift(); next; next = waiting.shift()) outcomes.push(await run(next))
  }))
}
const unsteady: Failure[] = []
if (options.again && outcomes.filter(({ failed }) => failed.length > 0).length <= maxUnsteadyFiles) {
  for (const [index, first] of outcomes.entries()) {
    if (first.failed.length === 0) continue
    const second = await run(first)
    outcomes[index] = second
    if (second.failed.length === 0) unsteady.push(...first.failed)
  }
}

console.log()
for (const [tier, ofTier] of [...Map.groupBy(outcomes, ({ path }) => dirname(path))].sort()) {
  console.log(`${tier.padEnd(28)} ${String(sum(ofTier.map(({ passed }) => passed))).padStart(5)} passed ${seconds(sum(ofTier.map(({ ms }) => ms)))}`)
}
console.log('\nslowest files:')
for (const { path, ms } of outcomes.toSorted((a, b) => b.ms - a.ms).slice(0, 8)) console.log(`${seconds(ms)}  ${path}`)
const [passed, failed, skipped] = [sum(outcomes.map(({ passed }) => passed)), outcomes.flatMap(({ failed }) => failed), outcomes.flatMap(({ skipped }) => skipped)]
for (const { name, reasons } of unsteady) console.log(`unsteady, passed by itself: ${name}\n${reasons}`)
for (const { name, reasons } of failed) console.log(`failed:  ${name}\n${reasons}`)
for (const line of skipped) console.log(`skipped: ${line}`)
if (unsteady.length > 0) console.log(`\n${unsteady.length} unsteady`)
console.log(`\n${passed} passed, ${failed.length} failed, ${skipped.length} skipped`)
process.exit(failed.length === 0 && passed > 0 ? 0 : 1)

function sum (numbers: number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}

function understand () {
  const read = readArguments({
    allowPositionals: true, options: { quick: { type: 'boolean', default: false }, again: { type: 'boolean', default: false }, grep: { type: 'string', default: '' } }
  })
  const missing = read.positionals.find(path => !existsSync(path))
  if (missing !== undefined) throw new UsageError(`There is no ${missing}`)
  return read
}

function rounds (): Round[] {
  const named = positionals.map(path => slashed(relative(root, resolve(path))))
  const flows = named.filter(path => /^test\/flows\/.+\.ts$/.test(path) && !path.endsWith('.test.ts'))
  // The relying parties of others take minutes, and change with their releases: they run when they are named, or `test` is.
  const files = named.length === 0
    ? testsIn('test').filter(path => !path.startsWith('test/foreign-relying-party/'))
    : named.filter(path => !flows.includes(path)).flatMap(path => path.endsWith('.ts') ? [path] : testsIn(path))
  const wanted = options.quick ? files.filter(path => !/^test\/(compose|flows|other-browsers)\/|^test\/kit\/(consumer|containers)\b|-in-chromium\./.test(path)) : files
  // The longest first, so that none is left alone at the end: those that run flows, and of the others those with most in them.
  const weight = (path: string) => statSync(path).size + (/^test\/(compose|flows)\/(compose|embedded)/.test(path) ? 1_000_000 : 0)
  const inOrder = wanted.sort((a, b) => weight(b) - weight(a)).map(path => ({ path, args: [] as string[] }))
  const isInBrowser = ({ path }: { path: string }) => path.endsWith('-in-chromium.test.ts') || path.startsWith('test/other-browsers/')
  const withFlows = flows.length === 0 ? [] : [{ path: 'test/flows/named.ts', args: flows }]
  // A container that comes or goes brings or takes a network interface, and Chromium gives up what it loads when it sees that:
  // the flows that Compose has in Chromium must not have other containers beside them.
  const hasContainers = ({ path }: { path: string }) => /^test\/(compose|kit)\/.*(compose|containers|replicas)\.test\.ts$/.test(path)
  const withoutBrowser = inOrder.filter(file => !isInBrowser(file))
  // Many files wait for a part of their time, so that there is room for more than there are processors.
  return [
    { files: withoutBrowser.filter(file => !hasContainers(file)), inTurn: withoutBrowser.filter(hasContainers), atOnce: 4 },
    { files: [...inOrder.filter(isInBrowser), ...withFlows], inTurn: [], atOnce: 2 }
  ]
}

function testsIn (folder: string): string[] {
  return globSync(`${folder}/**/*.test.ts`).map(slashed)
}

function slashed (path: string): string {
  return path.replaceAll('\\', '/')
}

async function run ({ path, args }: File): Promise<Outcome> {
  const since = performance.now()
  const parser = new Parser()
  const results = watch(parser, path)
  const child = spawn(process.execPath, [path, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<unknown>(resolve => { child.once('close', (code, signal) => resolve(signal ?? code)) })
  await pipeline(child.stdout, parser)
  const end = await ended
  const ms = performance.now() - since

  const outcome: Outcome = { path, args, passed: 0, failed: [], skipped: [], ms }
  count(results, [path], outcome)
  // A file that ends badly without a failed test has failed too, and so has one that breaks off, or is no test at all.
  if (outcome.failed.length === 0 && (end !== 0 || !parser.ok)) outcome.failed.push({ name: path, reasons: `  it ended with ${end}` })
  console.log(`${seconds(ms)}  ${outcome.failed.length === 0 ? 'ok    ' : 'FAILED'}  ${path}, ${outcome.passed} passed`)
  return outcome
}

function seconds (ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(6)} s`
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
function count (node: Node, path: string[], outcome: Outcome) {
  for (const child of node.children) {
    const here = [...path, child.name.trim()]
    const isGroup = child.children.some(grandchild => grandchild.isTest || grandchild.result?.skip)
    if (child.result?.skip) {
      outcome.skipped.push(`${here.join(' › ')}${typeof child.result.skip === 'string' ? `: ${child.result.skip}` : ''}`)
    } else if (child.isTest && isGroup) {
      count(child, here, outcome)
    } else if (!child.result?.ok) {
      outcome.failed.push({ name: here.join(' › '), reasons: reasonsOf(child) })
    } else if (child.isTest) {
      outcome.passed++
    }
  }
}

/** What the assertions that failed say of themselves. */
function reasonsOf (node: Node): string {
  const broken = node.isTest ? node.children.filter(({ result }) => !result?.ok) : [node]
  return broken.map(({ name, result }) => {
    // YAML has no regular expressions, and the example that a fuzzer found may have any length.
    const plain = JSON.stringify({ [name]: result?.diag ?? null }, (_key, value) => value instanceof RegExp ? String(value) : value)
    return dump(JSON.parse(plain)).slice(0, maxReasonCharacters).replaceAll(/^/gm, '  ')
  }).join('\n')
}
