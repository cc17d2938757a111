// The READMEs, all of them: what they send a reader to is there, what they have a reader type runs, and each setting stands
// in one place.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join, normalize, sep } from 'node:path'
import { parseEnv } from 'node:util'
import { load } from 'js-yaml'
import t, { type Test } from 'tap'
import { readBrand } from '#lib/brand/brand-setting.ts'
import { loadRelyingPartyConfig } from '../../services/relying-party/config.ts'
import { runNode } from '../helpers/command.ts'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { describeLab, labSettings, root, urlsOf, type Lab } from '../helpers/lab.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const mostLinesOfTheFirst = 180
const onWindows = process.platform === 'win32'

/** The files of a pattern, by their paths from the top folder. */
const filesOf = (pattern: string) => globSync(pattern, { cwd: root }).map(path => path.replaceAll(sep, '/')).filter(path => !path.includes('node_modules'))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

const paths = [...filesOf('README.md'), ...filesOf('{.github,scripts,services,test}/**/*.md')]
const pages = new Map(paths.map(path => [path, read(path)]))
const first = pages.get('README.md')!
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }

interface Block { path: string, language: string, text: string }
const blocks: Block[] = [...pages].flatMap(([path, page]) => [...page.matchAll(/^( *)```(\w+)\n([^]*?)^ *```/gm)]
  .map(([, indent, language, text]) => ({ path, language: language!, text: text!.replaceAll(new RegExp(`^${indent}`, 'gm'), '') })))
const blockWith = (words: string) => {
  const found = blocks.filter(({ text }) => text.includes(words))
  if (found.length !== 1) throw new Error(`${found.length} blocks of code have “${words}”`)
  return found[0]!.text
}

/** What Markdown shows as text, without blocks of code. */
const proseOf = (page: string) => page.replaceAll(/^ *```[^]*?^ *```/gm, '')

t.test(`the first page has ${mostLinesOfTheFirst} lines at most`, async t => {
  t.ok(first.trimEnd().split('\n').length <= mostLinesOfTheFirst, `${first.trimEnd().split('\n').length} lines`)
})

t.test('every link leads to a file that is there, and to a heading of it', async t => {
  const links = [...pages].flatMap(([path, page]) => linksOf(page).map(link => ({ path, link })))
  t.ok(links.length > 50, `${links.length} links`)
  for (const { path, link } of links) {
    const [file, anchor] = link.split('#') as [string, string?]
    const target = file === '' ? path : normalize(join(dirname(path), file)).replaceAll(sep, '/')
    t.ok(existsSync(join(root, target)), `${path}: ${link} is there`)
    if (anchor !== undefined) t.ok(anchorsOf(pages.get(target) ?? '').includes(anchor), `${path}: ${link} is a heading`)
  }
})

t.test('from the first page links lead to every other', async t => {
  const reached = new Set(['README.md'])
  for (const path of reached) {
    for (const link of linksOf(pages.get(path)!)) {
      const target = normalize(join(dirname(path), link.split('#')[0]!)).replaceAll(sep, '/')
      const page = [target, `${target}/README.md`].find(page => pages.has(page))
      if (page !== undefined) reached.add(page)
    }
  }
  t.strictSame(paths.filter(path => !reached.has(path)), [])
})

t.test('every file and folder that is named is there', async t => {
  const named = [...pages].flatMap(([path, page]) =>
    [...proseOf(page).matchAll(/`((?:services|scripts|test)\/[\w./*-]+)`/g)].map(([, name]) => ({ path, name: name! })))
  t.ok(named.length > 10, `${named.length} names`)
  for (const { path, name } of named) t.not(filesOf(name).length, 0, `${path}: ${name}`)
})

t.test('the map has every folder, and nothing else', async t => {
  const map = /## The folders\n([^]*?)\n## /.exec(first)![1]!
  const rows = [...map.matchAll(/^\| \[`([\w/-]+)`\]\([^)]*\) \|(.*)$/gm)].map(([, folder, about]) => ({ folder: folder!, about: about! }))
  const inMap = rows.flatMap(({ folder, about }) => [folder, ...[...about.matchAll(/`([\w-]+)`/g)].map(([, room]) => `${folder}/${room}`)])
  const depths = [['services', 3], ['scripts', 2], ['test', 2]] as const
  const folders = depths.flatMap(([top, depth]) => filesOf(`${top}/**/*`).filter(path => statSync(join(root, path)).isFile())
    .flatMap(path => Array.from({ length: depth }, (_, index) => path.split('/').slice(0, index + 1).join('/'))
      .filter(folder => folder !== path)))
  const shown = [...new Set(folders)].filter(folder => !folder.startsWith('services/brands/'))
  t.strictSame([...new Set(inMap)].sort(), shown.sort())
})

t.test('every setting stands in one row of one table, and nothing else does', async t => {
  const listed = [...pages.values()].flatMap(page => [...page.matchAll(/^\| ((?:`[A-Z][A-Z_]+` ?)+)●? \|/gm)]
    .filter(({ index }) => /\| Setting \|/.test(page.slice(page.lastIndexOf('\n\n', index), index)))
    .flatMap(([, names]) => names!.match(/[A-Z][A-Z_]+/g)!))
  t.strictSame(listed.filter((name, index) => listed.indexOf(name) !== index), [], 'none twice')
  const settings = settingsThatAreRead()
  t.ok(settings.size > 50, `${settings.size} settings`)
  t.strictSame([...settings].filter(name => !listed.includes(name)), [], 'all are listed')
  t.strictSame(listed.filter(name => !settings.has(name)), [], 'all that are listed are read')
})

t.test('what Compose passes on is marked, and nothing else', async t => {
  const composed = filesOf('{compose,services/*}.yaml').map(read).join()
  const passedOn = [...new Set(composed.match(/(?<=\$\{)[A-Z][A-Z_]+/g))].filter(name => name !== 'PWD')
  const marked = [...pages.values()].flatMap(page => [...page.matchAll(/^\| ((?:`[A-Z_]+` )+)● \|/gm)]
    .flatMap(([, names]) => names!.match(/[A-Z][A-Z_]+/g)!))
  t.strictSame(marked.sort(), passedOn.sort())
})

t.test('every test user is listed, with the password that works', async t => {
  for (const { username, password } of describeLab(labSettings()).users) {
    t.match(pages.get('services/idp/README.md')!, `| **${username}** | **${password}** |`)
  }
})

t.test('every command is one that there is, of files, options and settings that there are', async t => {
  const lines = blocks.filter(({ language }) => language === 'sh').flatMap(({ path, text }) => text.split('\n').map(line => ({ path, line })))
  const inProse = [...pages].flatMap(([path, page]) => [...proseOf(page).matchAll(/`((?:npm|node|docker) [^`]+)`/g)].map(([, line]) => ({ path, line: line! })))
  const commands = [...lines, ...inProse].flatMap(({ path, line }) => line.replace(/ +#.*/, '').split(' && ').map(command => ({ path, command })))
    .filter(({ command }) => /^(npm|node|docker) /.test(command))
  t.ok(commands.length > 20, `${commands.length} commands`)
  const helps = new Map<string, Promise<string>>()
  const settings = settingsThatAreRead()
  for (const { path, command } of commands) {
    const where = `${path}: ${command}`
    const [, script] = /^npm (?:run )?([\w:]+)/.exec(command) ?? []
    if (script !== undefined && !['ci', 'init', 'install', 'pkg'].includes(script)) t.ok(scripts[script] !== undefined, where)
    for (const file of command.match(/(?<=[ =])(services|scripts|test)\/[\w./-]+/g) ?? []) t.ok(existsSync(join(root, file)), where)
    for (const [, name] of command.matchAll(/ ([A-Z][A-Z_]+)=/g)) t.ok(settings.has(name!), where)
    const program = script === undefined ? /scripts\/(?!launch)\w+\.ts/.exec(command)?.[0] : /scripts\/(?!launch)\w+\.ts/.exec(scripts[script] ?? '')?.[0]
    for (const [option] of command.matchAll(/(?<= )--[a-z][a-z-]+/g)) {
      if (program === undefined) continue
      if (!helps.has(program)) helps.set(program, helpOf(t, program))
      t.match(await helps.get(program)!, option, where)
    }
  }
})

t.test('what the READMEs have for an application in Node makes it find the lab by its names', async t => {
  const server = createServer((request, response) => response.end(`hello ${request.headers.host}`))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const cwd = t.testdir({
    'localhost.mjs': blockWith('// localhost.mjs'),
    'app.mjs': `
    import { get } from 'node:http'
    const url = 'http://idp.localhost:${port}/'
    console.log(await (await fetch(url)).text())
    get(url, response => response.on('data', data => console.log(String(data))))`
  })
  const application = runNode(t, ['--import', './localhost.mjs', 'app.mjs'], { cwd })
  t.equal(await application.exit, 0, application.output())
  t.equal(application.output(), `hello idp.localhost:${port}\n`.repeat(2))
})

t.test('the brand that is shown in part is a good one where it stands in a whole', async t => {
  const shipped = load(read('services/brands/kayaks/brand.yaml')) as { contact: object }
  const shown = load(blockWith('name: Fern Books')) as { name: string }
  const folder = temporaryFolder(t)
  cpSync(join(root, 'services/brands/kayaks'), folder, { recursive: true })
  const file = join(folder, 'brand.yaml')
  writeFileSync(file, JSON.stringify({ ...shipped, ...shown, contact: { ...shipped.contact, ask: [] } }))
  t.equal(readBrand(file).name, shown.name)
})

t.test('what is laid over compose.yaml is about services that there are, and settings that they read', async t => {
  const services = Object.keys((load(read('compose.yaml')) as { services: object }).services)
  const settings = settingsThatAreRead()
  const overlays = blocks.filter(({ language, text }) => language === 'yaml' && text.startsWith('services:'))
  t.equal(overlays.length, 2)
  for (const { text } of overlays) {
    const overlay = load(text) as { services: Record<string, { environment?: Record<string, string> }> }
    for (const [name, { environment }] of Object.entries(overlay.services)) {
      t.ok(services.includes(name), name)
      for (const variable of Object.keys(environment ?? {})) t.ok(settings.has(variable.replace(/_FILE$/, '')), variable)
    }
  }
})

t.test('the settings that are shown for a real provider are enough', { skip: noShell() }, async t => {
  const block = blockWith('relying-party.env <<END')
  const cwd = temporaryFolder(t)
  t.equal((await shell(t, block.slice(0, block.indexOf('\nEND\n') + 5), cwd)).code, 0)
  const shown = parseEnv(readFileSync(join(cwd, 'relying-party.env'), 'utf8')) as Record<string, string>
  const filled = Object.fromEntries(Object.entries(shown).map(([name, value]) => [name, value.replace('…', `made-up-${name.toLowerCase()}`)]))
  const { app, oidc } = loadRelyingPartyConfig(filled)
  t.strictSame([app, oidc.issuer], ['https://app.example.com', 'https://login.example.com'])
})

t.test('a lab', { skip: noShell() }, async t => {
  const lab = await startEmbeddedLab(t)

  t.test('does what the READMEs have a reader type', async t => {
    for (const text of [...blocks.filter(({ path, text }) => path === 'README.md' && text.startsWith('curl')).map(({ text }) => text), blockWith('# the next ID token')]) {
      t.strictSame(await run(t, lab, text), { code: 0, refused: [] }, text)
    }
    t.match(first, '`curl -X DELETE http://idp.localhost:3001/lab`')
    t.strictSame(await run(t, lab, 'curl -X DELETE http://idp.localhost:3001/lab'), { code: 0, refused: [] })
  })

  t.test('gives a test an issuer of its own, as the README of the provider has it', async t => {
    // What the application does that is tested there.
    const application = 'curl -d "grant_type=authorization_code&code=x" -u shop:secret-of-the-shop $realm/token'
    const [before, after] = blockWith('realm=http').split(/(?=^curl .*ledger\/wait)/m) as [string, string]
    t.strictSame(await run(t, lab, [before, application, after].join('\n')), { code: 0, refused: ['400'] })
  })

  t.test('is spoken to from TypeScript as the README of the provider has it', async t => {
    const block = onPorts(lab, blockWith('createControlApiClient').replace("'./services/", `'${root}/services/`))
    const script = join(temporaryFolder(t), 'script.ts')
    const basic = Buffer.from('relying-party:' + lab.settings['OIDC_CLIENT_SECRET']).toString('base64')
    writeFileSync(script, `const browser = { newContext: async ({ storageState }) => storageState.cookies.length }
      ${block.replace('const { count }', `await fetch('${lab.issuer.replace('idp.localhost', '127.0.0.1')}/token', { method: 'POST', body: new URLSearchParams({ grant_type: 'authorization_code' }),
        headers: { authorization: 'Basic ${basic}' } })
      const { count }`)}
      console.log(context > 0, count, issuer)`)
    const program = runNode(t, [script], { cwd: root })
    t.equal(await program.exit, 0, program.output())
    t.equal(program.output(), `true 1 ${lab.issuer}/realms/test-1\n`)
  })
})

/** Where links lead, beside addresses of the web. */
function linksOf (page: string): string[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!).filter(link => !/^https?:/.test(link))
}

/** The anchors that GitHub gives to headings. */
function anchorsOf (page: string): string[] {
  const headings = [...proseOf(page).matchAll(/^#+ (.+)$/gm)]
  return headings.map(([, heading]) => heading!.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-'))
}

/** All that services, Compose and scripts take from the environment. */
function settingsThatAreRead (): Set<string> {
  const names = (pattern: string, reads: RegExp) => filesOf(pattern).flatMap(path => [...read(path).matchAll(reads)].map(([, name]) => name!))
  const ofTheSystemOrNode = ['PATH', 'PWD', 'HOME', 'NODE_COMPILE_CACHE']
  const ofAnotherProcessOfTheScript = ['PORT', 'ISSUER']
  return new Set([
    ...names('services/*/config.ts', /^ {2}([A-Z][A-Z_]+):/gm),
    ...names('services/lib/settings/settings.ts', /^ {2}([A-Z][A-Z_]+):/gm),
    ...names('services/lib/outbound/proxies.ts', /'([A-Z]+_PROXY)'/g),
    ...names('services/lab.env', /^([A-Z][A-Z_]+)=/gm),
    ...names('{compose,services/*}.yaml', /\$\{([A-Z][A-Z_]+)/g),
    ...names('{services,scripts}/**/*.{ts,js}', /process\.env(?:\.|\[')([A-Z][A-Z_]+)/g),
    ...names('test/{helpers/*,other-browsers/*,kit/consumer.test}.ts', /process\.env(?:\.|\[')([A-Z][A-Z_]+)/g)
  ].filter(name => ![...ofTheSystemOrNode, ...ofAnotherProcessOfTheScript].includes(name)))
}

async function helpOf (t: Test, program: string): Promise<string> {
  const command = runNode(t, [join(root, program), '--help'], { cwd: root })
  await command.exit
  return command.output()
}

function noShell (): string | false {
  return onWindows && 'Windows has neither the shell nor the curl that this is written for'
}

/** As if the lab were where the READMEs say. */
function onPorts (lab: Lab, text: string): string {
  const ports = { 3000: 'relying-party', 3001: 'idp', 3002: 'genesys' } as const
  return text.replaceAll(/http:\/\/\w+\.localhost:(300[012])/g, (_, port: keyof typeof ports) => urlsOf(lab)[ports[port]])
}

/** Run what a README has of a shell; each answer of an error's status is named. */
async function run (t: Test, lab: Lab, text: string) {
  const loud = 'curl () { command curl --silent --show-error --max-time 20 --output /dev/null --write-out "%{http_code}\\n" "$@"; }'
  const { code, output } = await shell(t, ['set -e', loud, onPorts(lab, text)].join('\n'), root)
  return { code, refused: output.split('\n').filter(line => line !== '' && !/^2\d\d$/.test(line)) }
}

function shell (t: Test, text: string, cwd: string) {
  const child = spawn('sh', ['-c', text], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => { child.kill('SIGKILL') })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', more => { output += more })
  return new Promise<{ code: number | null, output: string }>(resolve => child.once('close', code => resolve({ code, output })))
}
