// The package where somebody uses containers, and where they do not have what that needs.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { noCompose } from '../helpers/compose-lab.ts'
import { runNode } from '../helpers/command.ts'
import { installKit, linkPackages } from '../helpers/installed-kit.ts'
import { buildLabImage } from '../helpers/lab-image.ts'
import { freePorts, root } from '../helpers/lab.ts'

const consumer = await installKit(t)
const { LAB_URL: _url, LAB_HOW: _how, LAB_IMAGE: _image, ...env } = process.env

t.test('without testcontainers the kit is told what it lacks, and auto is a process', async t => {
  const program = `
    import { startLab } from 'oidc-messenger-lab'
    const lab = await startLab({ how: 'auto', services: ['idp'] })
    console.log(lab.how, lab.why)
    await lab.stop()
    await startLab({ how: 'container' }).catch(error => console.log(error.message))`
  const run = runNode(t, ['--input-type=module', '--eval', program], { cwd: consumer, env })
  t.equal(await run.exit, 0, run.output())
  t.equal(run.output().trim(), 'process how is auto, and testcontainers is not installed\n' +
    'The lab cannot run in a container: testcontainers is not installed (npm install --save-dev testcontainers).')
})

t.test('with testcontainers its types hold in the strictest project', async t => {
  linkPackages(consumer, ['testcontainers', '@types/node', 'undici-types'])
  writeFileSync(join(consumer, 'containers.ts'), `
    import { OidcLabContainer, type StartedOidcLabContainer } from 'oidc-messenger-lab/containers'
    import type { Realm } from 'oidc-messenger-lab'
    import { Network } from 'testcontainers'

    await using network = await new Network().start()
    await using lab: StartedOidcLabContainer = await new OidcLabContainer().withNetwork(network).withNetworkAliases('lab').withEnvironment({ BRAND: 'bank' }).start()
    await using realm: Realm = await lab.realm({ users: { zoe: {} } })
    export const addresses: string[] = [lab.app, realm.issuer, lab.console, lab.getId()]
  `)
  writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify({
    compilerOptions: { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, module: 'nodenext', target: 'es2022', lib: ['es2022'], types: ['node'], noEmit: true },
    files: ['containers.ts']
  }))
  const compiler = runNode(t, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', consumer], { cwd: consumer, env })
  t.equal(await compiler.exit, 0, compiler.output())
})

t.test('the README has the image by the name that the package has for it', async t => {
  const { name, version } = JSON.parse(readFileSync(join(consumer, 'node_modules', 'oidc-messenger-lab', 'package.json'), 'utf8')) as { name: string, version: string }
  t.match(readFileSync(join(import.meta.dirname, 'README.md'), 'utf8'), `docker build -f services/Dockerfile -t ${name}:${version} .`)
})

const reason = await noCompose()
if (reason) {
  t.test('a suite of somebody else, in containers', { skip: reason }, async () => {})
} else {
  const image = buildLabImage(t)

  t.test('a suite of somebody else gets its lab in a container by one setting', async t => {
    writeFileSync(join(consumer, 'suite.test.js'), `
      import assert from 'node:assert/strict'
      import { test } from 'node:test'
      import { startLab } from 'oidc-messenger-lab'

      test('application', async () => {
        const lab = await startLab()
        assert.equal(lab.how, 'container')
        const { cookies } = await lab.root.signedIn('alice', { through: lab.app + '/login' })
        assert.ok(cookies.some(({ name }) => name === 'session'))
        await lab.stop()
      })
    `)
    const suite = runNode(t, ['--test', 'suite.test.js'], { cwd: consumer, env: { ...env, LAB_HOW: 'container', LAB_IMAGE: image } })
    t.equal(await suite.exit, 0, suite.output())
  })

  t.test('exec runs a command beside a lab in a container, and stops that', async t => {
    const look = 'fetch(process.env.ISSUER + "/livez").then(({ status }) => console.log(process.env.LAB_URL, status))'
    const run = runNode(t, [join(consumer, 'node_modules', '.bin', 'oidc-messenger-lab'), 'exec', '--', process.execPath, '--eval', look],
      { cwd: consumer, env: { ...env, LAB_HOW: 'container', LAB_IMAGE: image } })
    t.equal(await run.exit, 0, run.output())
    const [, url] = /^(http:\/\/127\.0\.0\.1:\d+) 200$/m.exec(run.output()) ?? []
    t.ok(url, run.output())
    await t.rejects(fetch(url!))
  })

  t.test('an application in a container finds the issuer, as the README has it', async t => {
    const { APP_PORT: port } = await freePorts()
    const [, example] = /```js\n([^]*?new OidcLabContainer[^]*?)```/.exec(readFileSync(join(import.meta.dirname, 'README.md'), 'utf8'))!
    const application = `
      require('node:http').createServer(async (request, response) => {
        const { issuer } = await (await fetch(process.env.ISSUER + '/.well-known/openid-configuration')).json()
        response.end(issuer)
      }).listen(${port})`
    writeFileSync(join(consumer, 'example.js'), `import { Wait } from 'testcontainers'
      ${example!
      .replace("GenericContainer('shop')", `GenericContainer('${image}')\n  .withCommand(['node', '--eval', ${JSON.stringify(application)}]).withWaitStrategy(Wait.forHttp('/', ${port}))`)
      .replaceAll('8080', port)
      .replaceAll(/^const (network|lab|shop) /gm, 'await using $1 ')}
      console.log(await (await fetch('http://localhost:${port}')).text(), realm.issuer)`)
    const run = runNode(t, ['example.js'], { cwd: consumer, env: { ...env, LAB_IMAGE: image } })
    t.equal(await run.exit, 0, run.output())
    t.match(run.output(), /^(http:\/\/lab:\d+\/realms\/\S+) \1$/m)
  })
}
