import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { describeHoles, readAnswer } from '../../scripts/audit/report.ts'
import { root } from '../helpers/lab.ts'

/**
 * A project with four dependencies, `direct`, `major`, `parent`, which needs `child`, and `host`, which needs `stuck`, and,
 * for development alone, `tool`.
 */
const dependencies = { direct: '1.0.0', major: '1.0.0', parent: '^1.0.0', host: '^1.0.0' }
const needs: Record<string, string> = { parent: 'child', host: 'stuck' }
const project = {
  'package.json': JSON.stringify({ name: 'project', version: '1.0.0', dependencies, devDependencies: { tool: '1.0.0' } }),
  'package-lock.json': JSON.stringify({
    name: 'project',
    version: '1.0.0',
    lockfileVersion: 3,
    packages: {
      '': { name: 'project', version: '1.0.0', dependencies, devDependencies: { tool: '1.0.0' } },
      'node_modules/direct': { version: '1.0.0' },
      'node_modules/major': { version: '1.0.0' },
      'node_modules/parent': { version: '1.0.0', dependencies: { child: '^1.0.0' } },
      'node_modules/child': { version: '1.0.0' },
      'node_modules/host': { version: '1.0.0', dependencies: { stuck: '^1.0.0' } },
      'node_modules/stuck': { version: '1.0.0' },
      'node_modules/tool': { version: '1.0.0', dev: true }
    }
  })
}

/** An advisory as the registry answers it, of which npm makes a report. */
const advisory = (number: number, range: string) => ({
  id: number,
  url: `https://github.com/advisories/GHSA-${number}`,
  title: `Hole ${number}`,
  severity: 'high',
  vulnerable_versions: range,
  cwe: ['CWE-22'],
  cvss: { score: 7.5, vectorString: null }
})

/** Have npm ask a registry that knows these advisories, or has no such endpoint. */
async function audit (t: Test, advisories?: Record<string, unknown[]>) {
  const registry = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    if (request.method === 'POST') {
      response.writeHead(advisories ? 200 : 405).end(JSON.stringify(advisories))
      return
    }
    const name = request.url!.slice(1)
    const versions = ['1.0.0', '1.0.1', '2.0.0'].map(version => [version, {
      name, version, ...(needs[name] && { dependencies: { [needs[name]]: '^1.0.0' } })
    }])
    response.end(JSON.stringify({ name, 'dist-tags': { latest: '2.0.0' }, versions: Object.fromEntries(versions) }))
  })
  await new Promise<void>(resolve => registry.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { registry.closeAllConnections(); registry.close() })

  const cwd = t.testdir(project)
  const script = spawn(process.execPath, [join(root, 'scripts', 'audit.ts')], {
    cwd,
    env: {
      ...process.env,
      npm_config_registry: `http://127.0.0.1:${(registry.address() as AddressInfo).port}`,
      npm_config_cache: join(cwd, 'cache')
    },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const exited = new Promise(resolve => script.once('exit', resolve))
  const output = await text(script.stdout)
  return { status: await exited, lines: output.trimEnd().split('\n') }
}

const holes = await audit(t, {
  direct: [advisory(1, '<1.0.1'), advisory(2, '<=1.0.0')],
  child: [advisory(3, '<1.0.1')],
  tool: [advisory(4, '*')],
  stuck: [advisory(5, '*')],
  major: [advisory(6, '<2.0.0')]
})
const [head, , ...paragraphs] = holes.lines
/** What is said of a package. */
const saidOf = (name: string) => paragraphs.join('\n').split('\n\n').filter(paragraph => paragraph.startsWith(name))

t.test('says that no hole is known', async t => {
  t.strictSame(await audit(t, {}), { status: 0, lines: ['No hole is known in the 7 packages that the services run with.'] })
})

t.test('says which packages have holes, what they come with and what to do', async t => {
  t.equal(holes.status, 1)
  t.equal(head, 'Holes are known in the 7 packages that the services run with:')
  t.strictSame(saidOf('child'), ['child <1.0.1 (high): Hole 3, https://github.com/advisories/GHSA-3\n  To do: npm update child'])
  t.strictSame(saidOf('direct'), [
    'direct <1.0.1 (high): Hole 1, https://github.com/advisories/GHSA-1\n' +
    'direct <=1.0.0 (high): Hole 2, https://github.com/advisories/GHSA-2\n' +
    '  To do: npm install --save-exact direct@1.0.1'
  ])
  t.strictSame(saidOf('tool'), [], 'not of what is for development alone')
})

t.test('says through which dependency a hole comes that no version is without', async t => {
  t.strictSame(saidOf('stuck'), [
    'stuck * (high): Hole 5, https://github.com/advisories/GHSA-5\n' +
    '  It comes with host.\n' +
    '  To do: no version is without it; see the advisory for a way around, or do without the package'
  ])
})

t.test('says that the way out is another major version', async t => {
  t.match(saidOf('major'), [/ {2}To do: npm install --save-exact major@2\.0\.0, after reading what has changed: it breaks something$/])
})

t.test('says plainly that a registry without audits was not asked', async t => {
  const { status, lines } = await audit(t)
  t.equal(status, 2)
  t.match(lines, [
    /^Nothing is known, as the registry could not be asked: 405 Method Not Allowed - POST http:\/\/127\.0\.0\.1:\S+\.$/,
    'Another one is asked by: npm run audit --registry=<its URL>'
  ])
})

t.test('a hole in a package that several need in turn is told once, with all dependencies that it comes with', async t => {
  const hole = {
    source: 1109843,
    name: 'glob',
    dependency: 'glob',
    title: 'glob CLI: Command injection via -c/--cmd executes matches with shell:true',
    url: 'https://github.com/advisories/GHSA-5j98-mcp5-4vw2',
    severity: 'high',
    cwe: ['CWE-78'],
    cvss: { score: 7.5, vectorString: 'CVSS:3.1/AV:N/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H' },
    range: '>=10.2.0 <10.5.0'
  }
  const vulnerability = (name: string, via: unknown[], effects: string[], isDirect = false) => ({
    name, severity: 'high', isDirect, via, effects, range: '*', nodes: [`node_modules/${name}`], fixAvailable: true
  })
  const answer = readAnswer(JSON.stringify({
    auditReportVersion: 2,
    vulnerabilities: {
      glob: vulnerability('glob', [hole], ['sucrase', 'cycle']),
      sucrase: vulnerability('sucrase', ['glob'], ['tailwindcss']),
      tailwindcss: vulnerability('tailwindcss', ['sucrase', { ...hole, name: 'tailwindcss', range: '<4.0.0' }], ['plugin'], true),
      plugin: vulnerability('plugin', ['tailwindcss'], [], true),
      cycle: vulnerability('cycle', ['glob', 'cycle'], ['cycle'])
    },
    metadata: {
      vulnerabilities: { info: 0, low: 0, moderate: 0, high: 5, critical: 0, total: 5 },
      dependencies: { prod: 12, dev: 300, optional: 2, peer: 0, peerOptional: 0, total: 313 }
    }
  }))
  t.strictSame('notAsked' in answer ? [] : describeHoles(answer), [
    'Holes are known in the 12 packages that the services run with:',
    '',
    'glob >=10.2.0 <10.5.0 (high): glob CLI: Command injection via -c/--cmd executes matches with shell:true, ' +
      'https://github.com/advisories/GHSA-5j98-mcp5-4vw2',
    '  It comes with tailwindcss, plugin.',
    '  To do: npm update glob',
    '',
    'tailwindcss <4.0.0 (high): glob CLI: Command injection via -c/--cmd executes matches with shell:true, ' +
      'https://github.com/advisories/GHSA-5j98-mcp5-4vw2',
    '  To do: npm update tailwindcss'
  ])
})

t.test('what is no report is no answer, and never a clean one', async t => {
  const noLockfile = { error: { code: 'ENOLOCK', summary: 'This command requires an existing lockfile.' } }
  t.strictSame(readAnswer(JSON.stringify(noLockfile)), { notAsked: 'This command requires an existing lockfile.' })
  const noNetwork = { message: 'request to https://registry.example/ failed', method: 'POST', error: { summary: '', detail: '' } }
  t.strictSame(readAnswer(JSON.stringify(noNetwork)), { notAsked: 'request to https://registry.example/ failed' })
  t.strictSame(readAnswer('{}'), { notAsked: 'without a reason' })
  t.strictSame(readAnswer('null'), { notAsked: 'npm has printed no JSON' })
  t.strictSame(readAnswer(''), { notAsked: 'npm has printed no JSON' })
})
