// Makes the package that other projects install from what is here: `npm run pack`.
//
// Node strips no types below node_modules (ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING), so a package is JavaScript.
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { transformSync } from 'esbuild'
import ts from 'typescript'
import { readArguments, readOrExit } from '#lib/settings/command-line.ts'
import { buildService } from '../services/embedded/app.ts'
import { neededNode } from '../test/kit/needed-node.ts'
import { readLabSettings } from './report/report-options.ts'

const { values: { to } } = readOrExit(`Makes the package oidc-messenger-lab, which other projects install: npm run pack -- [options]

  --to <folder>   where; .pack where left out. What is there is removed
  --help

Prints the path of the tarball. test/kit/README.md says what is in it.`, () => readArguments({ options: { to: { type: 'string', default: '.pack' } } }))

const root = join(import.meta.dirname, '..')
process.chdir(root)
const folder = resolve(to, 'package')
// What runs, and what a consumer imports. The services' own READMEs are for who works on them.
const packed = ['services/**', 'test/kit/**', 'scripts/{doctor,strictness,report}/**', 'scripts/{doctor,strictness}.ts']
const left = /(^|\/)((README|TUTORIAL)\.md|LICENSE|Dockerfile|tsconfig\.json|[^/]+\.test\.ts)$|^test\/kit\/(fixtures|recipes)\//
/** Where a consumer comes in, by the names in `exports`. */
const entries = { '.': 'test/kit/index.ts', './containers': 'test/kit/containers.ts', './playwright': 'test/kit/playwright.ts' }
const command = 'test/kit/oidc-messenger-lab.js'
/** What the kit and its commands need beside what the services do. */
const ofKit = ['cheerio', 'ws']
/** What only some of the entries need, which whoever uses those installs. */
const peers = ['@playwright/test', 'testcontainers']
/** What they were tried with beside the versions here. */
const olderPeers: Record<string, string> = { testcontainers: '^11.14.0 || ' }

rmSync(to, { recursive: true, force: true })
for (const path of globSync(packed, { withFileTypes: true }).filter(entry => entry.isFile()).map(entry => slashed(join(entry.parentPath, entry.name)))) {
  if (left.test(path)) continue
  const target = join(folder, path)
  mkdirSync(dirname(target), { recursive: true })
  if (path.endsWith('.ts')) writeJavaScript(path, target.replace(/\.ts$/, '.js'))
  else if (path === command) writeFileSync(target, withJavaScriptImported(readFileSync(path, 'utf8')))
  else cpSync(path, target)
}
writeTypes()
for (const name of ['README.md', 'TUTORIAL.md', 'LICENSE', 'recipes']) cpSync(join('test/kit', name), join(folder, name), { recursive: true })
writeFileSync(join(folder, 'openapi.json'), await describeControlApi())
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`)
const [tarball] = JSON.parse(execFileSync('npm', ['pack', folder, '--json', '--pack-destination', to], { encoding: 'utf8', shell: process.platform === 'win32' })) as { filename: string }[]
console.log(join(to, tarball!.filename))

function slashed (path: string): string {
  return path.replace(`${root}/`, '').replaceAll('\\', '/')
}

function writeJavaScript (path: string, target: string) {
  const { code, map } = transformSync(inWordsOfTheCommand(readFileSync(path, 'utf8')), {
    loader: 'ts',
    target: 'node22',
    format: 'esm',
    sourcemap: 'external',
    sourcefile: basename(path),
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } }
  })
  writeFileSync(target, `${withJavaScriptImported(code)}//# sourceMappingURL=${basename(target)}.map\n`)
  writeFileSync(`${target}.map`, map)
}

/** The types of what a consumer imports, in a file beside each that has some of them; that they are right is for `npm run typecheck`. */
function writeTypes () {
  const files = Object.values(entries)
  const { config } = ts.readConfigFile('tsconfig.json', path => ts.sys.readFile(path))
  const { options } = ts.convertCompilerOptionsFromJson({
    ...config.compilerOptions,
    noEmit: false,
    noCheck: true,
    declaration: true,
    emitDeclarationOnly: true,
    // Marked `@internal` is what would bring in the types of somebody else's library, or Node's.
    stripInternal: true
  }, root)
  const program = ts.createProgram(files, options)
  const needed = new Set(files)
  for (const path of needed) {
    program.emit(program.getSourceFile(path), (_name, types) => {
      // Whoever compiles for an older target has no Symbol.asyncDispose of their own.
      const head = files.includes(path) ? '/// <reference lib="esnext.disposable" />\n' : ''
      writeFileSync(join(folder, path.replace(/\.ts$/, '.d.ts')), head + withJavaScriptImported(types))
      for (const { fileName } of ts.preProcessFile(types).importedFiles) {
        if (fileName.startsWith('#lib/')) needed.add(fileName.replace('#lib', 'services/lib'))
        else if (fileName.startsWith('.')) needed.add(slashed(join(dirname(path), fileName)))
      }
    }, undefined, true)
  }
}

function withJavaScriptImported (code: string): string {
  return code.replaceAll(/((?:from|import)\s*\(?\s*)(['"])([^'"\n]+)\.ts\2/g, '$1$2$3.js$2')
}

/** In the package a command is called by another name. */
function inWordsOfTheCommand (source: string): string {
  return source.replaceAll(/npm run (doctor|strictness) --/g, 'npx oidc-messenger-lab $1')
}

async function describeControlApi (): Promise<string> {
  const stateFolder = mkdtempSync(join(tmpdir(), 'oidc-messenger-lab-'))
  const { app } = await buildService('idp', { ...readLabSettings(), STATE_DIR: stateFolder, LOG_LEVEL: 'silent' })
  try {
    const { body } = await app.inject({ url: '/lab/openapi.json', headers: { host: 'localhost' } })
    return `${JSON.stringify(JSON.parse(body), null, 2)}\n`
  } finally {
    await app.close()
    rmSync(stateFolder, { recursive: true })
  }
}

function manifest () {
  const { name, version, description, license, dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
  return {
    name,
    version,
    description,
    keywords: ['oauth2', 'oidc', 'openid-connect', 'testing', 'mock', 'genesys', 'web-messaging'],
    license,
    type: 'module',
    engines: { node: `>=${neededNode}` },
    bin: { [name]: command },
    exports: {
      ...Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, {
        types: `./${path.replace(/\.ts$/, '.d.ts')}`, default: `./${path.replace(/\.ts$/, '.js')}`
      }])),
      './openapi.json': './openapi.json',
      './package.json': './package.json'
    },
    imports: { '#lib/*': './services/lib/*' },
    sideEffects: false,
    dependencies: { ...dependencies, ...Object.fromEntries(ofKit.map(name => [name, devDependencies[name]])) },
    peerDependencies: Object.fromEntries(peers.map(name => [name, `${olderPeers[name] ?? ''}^${devDependencies[name]}`])),
    peerDependenciesMeta: Object.fromEntries(peers.map(name => [name, { optional: true }]))
  }
}
