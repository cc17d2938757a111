// The recipes of `recipes/`, by the very files that are there: with an application that is not ours, and a lab for each.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { load } from 'js-yaml'
import t, { type Test } from 'tap'
import { runNode } from '../helpers/command.ts'
import { freePorts, root } from '../helpers/lab.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { until } from '../helpers/until.ts'
import { startLab } from './index.ts'

const recipes = join(import.meta.dirname, 'recipes')
const command = join(import.meta.dirname, 'oidc-messenger-lab.js')
const application = join(import.meta.dirname, 'fixtures', 'express-application.ts')
const { LAB_URL: _none, ...inherited } = process.env
const env = { ...inherited, PATH: `${dirname(process.execPath)}${delimiter}${inherited['PATH']}` }

const works = (program: string, ...args: string[]) => spawnSync(program, args, { stdio: 'ignore', env }).status === 0
const noBash = !works('bash', '-c', 'curl --version') && 'this machine has no bash with curl'
const python = ['python3', '/usr/bin/python3'].find(python => works(python, '-c', 'import pytest, requests'))
const noPython = python === undefined && 'this machine does not have Debian\'s python3-pytest and python3-requests'
const noJava = !works('java', '--source', '17', '--version') && 'this machine has no JDK of Java 17 or newer, such as Debian\'s default-jdk-headless'

t.jobs = 2

/** A program of Node that runs another, with what is in its environment. */
const thenRun = (program: string, ...args: string[]) => [
  '--input-type=module', '--eval', `
    import { spawn } from 'node:child_process'
    import { connect } from 'node:net'
    const application = spawn(process.execPath, [${JSON.stringify(application)}], { stdio: 'inherit' }).on('exit', () => { process.exit() })
    process.exitCode = 1
    const look = () => connect(process.env.PORT, 'localhost', run).on('error', () => setTimeout(look, 50))
    const run = () => spawn(${JSON.stringify(program)}, ${JSON.stringify(args)}, { stdio: 'inherit' }).on('exit', code => {
      process.exitCode = code
      application.kill()
    })
    look()`
]

/** A program beside a lab and an application that signs in there. */
async function withLab (t: Test, program: string, ...args: string[]) {
  const { APP_PORT: port } = await freePorts()
  const run = runNode(t, [command, 'exec', '--', process.execPath, ...thenRun(program, ...args)], {
    cwd: root, env: { ...env, ...shopAt(port) }
  })
  return { code: await run.exit, output: run.output() }
}

const shopAt = (port: string) => ({
  PORT: port, SHOP_URL: `http://localhost:${port}`, CLIENT_ID: 'shop', CLIENT_SECRET: 'lab-only-secret-of-shop', PYTHONDONTWRITEBYTECODE: '1'
})

t.test('bash: the sign-in of an application is tested with curl alone', { skip: noBash }, async t => {
  const { code, output } = await withLab(t, 'bash', join(recipes, 'bash', 'shop-test.sh'))
  t.equal(code, 0, output)
  t.equal(output.match(/^ok /gm)?.length, 5)
})

t.test('clock: an application in a process of its own goes by the clock of its realm, and its session ends with time', async t => {
  const { APP_PORT: port } = await freePorts()
  const url = `http://localhost:${port}`
  const lab = await startLab({ services: ['idp'] })
  t.teardown(() => lab.stop())
  const realm = await lab.realm({ clients: { shop: { redirect_uris: [`${url}/callback`] } }, users: { zoe: {} }, refresh_tokens: 'always' })
  runNode(t, ['--import', pathToFileURL(join(recipes, 'clock', 'follow-clock.js')).href, application], { cwd: root, env: { ...env, ...shopAt(port), ISSUER: realm.issuer } })
  await until('the application is there', () => fetch(url).then(() => true, () => false))
  const browser = await realm.browser('zoe', { through: `${url}/login` })
  const isSignedIn = async () => JSON.parse((await browser.open(url)).text).signedIn
  t.equal(await isSignedIn(), true)
  await realm.clock.advance({ days: 2 })
  await until('the session has ended', async () => !await isSignedIn())
  const later = await realm.browser('zoe', { through: `${url}/login` })
  t.equal((await later.open(`${url}/account`)).status, 200, 'and both agree on what time it is at the next sign-in')
})

t.test('Python: the sign-in of an application is tested with pytest and requests', { skip: noPython }, async t => {
  const { code, output } = await withLab(t, python!, '-m', 'pytest', '-p', 'no:cacheprovider', join(recipes, 'python', 'test_shop.py'))
  t.equal(code, 0, output)
  t.match(output, /5 passed/)
})

t.test('Java: the sign-in of an application is tested with what Java brings', { skip: noJava }, async t => {
  const { code, output } = await withLab(t, 'java', join(recipes, 'java', 'ShopTest.java'))
  t.equal(code, 0, output)
  t.equal(output.match(/^ok /gm)?.length, 4)
})

interface Step { run?: string, uses?: string }
interface Workflow { jobs: { test: { env?: Record<string, string>, services?: Record<string, { env: Record<string, string>, ports: string[] }>, steps: Step[] } } }
interface Pipeline { test: { services: { alias: string }[], variables: Record<string, string>, script: string[] } }

/** With the port where the provider listens here in place of the usual one, which may be taken. */
const read = <Content>(path: string, port = '3001') => load(readFileSync(join(recipes, path), 'utf8').replaceAll('3001', port)) as Content

/** As a runner does it: each in a shell of its own, until one fails. */
async function runSteps (t: Test, steps: string[], options: { cwd: string, env: NodeJS.ProcessEnv }): Promise<string> {
  let all = ''
  for (const step of steps) {
    const run = runNode(t, ['--input-type=module', '--eval', `
      import { spawn } from 'node:child_process'
      spawn('bash', ['-eo', 'pipefail', '-c', ${JSON.stringify(step)}], { stdio: 'inherit' }).on('exit', code => { process.exitCode = code })`], options)
    t.equal(await run.exit, 0, `${step}\n${run.output()}`)
    all += run.output()
  }
  return all
}

t.test('GitHub Actions, on the runner: the suite of a project runs beside the lab', { skip: noBash }, async t => {
  const { jobs: { test: { steps } } } = read<Workflow>('github-actions/runner.yml')
  const folder = temporaryFolder(t)
  // `npm ci` empties the project's own node_modules, and asks no registry for a project without dependencies.
  const bin = join(folder, 'node_modules', '.bin')
  const project = join(folder, 'project')
  for (const made of [bin, project]) mkdirSync(made, { recursive: true })
  writeFileSync(join(bin, 'oidc-messenger-lab'), `#!/bin/sh\nexec node ${command} "$@"\n`, { mode: 0o755 })
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', version: '1.0.0', scripts: { test: 'node --test' } }))
  writeFileSync(join(project, 'package-lock.json'), JSON.stringify({ name: 'project', version: '1.0.0', lockfileVersion: 3, packages: { '': { name: 'project', version: '1.0.0' } } }))
  writeFileSync(join(project, 'suite.test.js'), `
    const assert = require('node:assert/strict')
    require('node:test').test('the provider is there', async () => {
      assert.equal((await (await fetch(process.env.ISSUER + '/.well-known/openid-configuration')).json()).issuer, process.env.ISSUER)
      assert.match(process.env.LAB_URL, /^http/)
    })`)
  const output = await runSteps(t, steps.flatMap(({ run }) => run ?? []), { cwd: project, env })
  t.match(output, /pass 1\b/)
})

t.test('GitHub Actions, with a service container: the job finds the provider by its issuer', { skip: noBash }, async t => {
  const { IDP_PORT: port, APP_PORT: shopPort } = await freePorts()
  const { jobs: { test: job } } = read<Workflow>('github-actions/service-container.yml', port)
  const { env: settings, ports } = job.services!['lab']!
  t.strictSame(ports, [`${port}:${port}`], 'inside and outside it is the same port, as the issuer is')
  const lab = await startLab({ services: ['idp'], settings: { ...settings, IDP_PORT: port } })
  t.teardown(() => lab.stop())
  t.equal(lab.issuer, job.env!['ISSUER'])
  const folder = temporaryFolder(t)
  cpSync(join(recipes, 'bash', 'shop-test.sh'), join(folder, 'shop-test.sh'))
  await startShop(t, { ...env, ...job.env, ...shopAt(shopPort) })
  const output = await runSteps(t, job.steps.flatMap(({ run }) => run ?? []), { cwd: folder, env: { ...env, ...job.env, ...shopAt(shopPort) } })
  t.equal(output.match(/^ok /gm)?.length, 5)
})

t.test('GitLab CI: a service with a name is the issuer for all who are in the network of the job', { skip: noBash || noPython }, async t => {
  const { IDP_PORT: port, APP_PORT: shopPort } = await freePorts()
  const { test: { services: [service], variables, script } } = read<Pipeline>('gitlab/.gitlab-ci.yml', port)
  t.equal(variables['IDP_ISSUER'], `http://${service!.alias}:${port}`)
  const { ISSUER, ...settings } = variables
  const lab = await startLab({ services: ['idp'], settings: { ...settings, IDP_PORT: port } })
  t.teardown(() => lab.stop())
  t.equal(lab.issuer, ISSUER)
  // In place of the network of a job: whoever asks for the name is led to this machine.
  const job = { ...env, ...variables, ...shopAt(shopPort), http_proxy: await startNetwork(t), no_proxy: 'localhost', NODE_USE_ENV_PROXY: '1' }
  await startShop(t, job)
  const folder = temporaryFolder(t)
  cpSync(join(recipes, 'python', 'test_shop.py'), join(folder, 'test_shop.py'))
  symlinkSync(spawnSync(python!, ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8', env }).stdout.trim(), join(folder, 'python3'))
  const output = await runSteps(t, script.filter(line => !line.startsWith('pip install')), { cwd: folder, env: { ...job, PATH: `${folder}${delimiter}${job.PATH}` } })
  t.match(output, /5 passed/)
})

async function startShop (t: Test, env: NodeJS.ProcessEnv): Promise<void> {
  runNode(t, [application], { cwd: root, env })
  await until('the application listens', () => new Promise(resolve => {
    const socket = connect(Number(env['PORT']), 'localhost', () => {
      socket.destroy()
      resolve(true)
    }).once('error', () => resolve(false))
  }))
}

/** A proxy that knows all names as this machine; its URL. */
async function startNetwork (t: Test): Promise<string> {
  const proxy = createServer((incoming, response) => {
    const { port, pathname, search } = new URL(incoming.url ?? '')
    const { method, headers } = incoming
    incoming.pipe(request({ host: '127.0.0.1', port, path: pathname + search, method, headers }, answer => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    }))
  })
  proxy.on('connect', ({ url = '' }, socket) => {
    const peer = connect(Number(url.split(':').at(-1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.pipe(peer).pipe(socket)
    })
    for (const end of [socket, peer]) end.on('error', () => { peer.destroy() })
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.teardown(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
}
