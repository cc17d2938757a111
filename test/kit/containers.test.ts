import crypto from 'node:crypto'
import { once } from 'node:events'
import { syncBuiltinESMExports } from 'node:module'
import { createServer, type AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import t from 'tap'
import { GenericContainer, Network, Wait } from 'testcontainers'
import { noCompose, runDocker } from '../helpers/compose-lab.ts'
import { runNode } from '../helpers/command.ts'
import { buildLabImage } from '../helpers/lab-image.ts'
import { OidcLabContainer } from './containers.ts'
import { freePorts } from './free-ports.ts'
import { startLab } from './index.ts'

// Of what stands on its base. As packages grow it may too, but not by chance.
const maxKilobytes = 75_000

const reason = await noCompose()
if (reason) {
  t.test('the lab in a container', { skip: reason }, async () => {})
} else {
  const image = buildLabImage(t)

  t.test('a container gives what a process gives', async t => {
    const before = Date.now()
    await using lab = await startLab({ how: 'auto', image, settings: { LOG_LEVEL: 'info' } })
    t.match(lab, { how: 'container', why: `how is auto, and a container engine has the image ${image}` })
    await using realm = await lab.realm({ clients: { shop: { redirect_uris: ['http://localhost:8080/callback'] } } })
    await realm.clock.advance({ hours: 1 })
    t.ok(Date.now() - before < 1_800_000)
    t.match(await realm.faults.once('id-token-invalid-nonce', { client: 'shop' }), { remaining: 1 })
    const { cookies } = await lab.root.signedIn('alice', { through: `${lab.app}/login` })
    t.ok(cookies.some(({ name }) => name === 'session'), 'the services in it reach each other')
    await lab.root.saw({ endpoint: 'token', user: 'alice' }, { times: 1 })
    t.equal((await fetch(`${lab.console}/live`)).status, 200)
    t.match(await lab.logs(), /"GET \/login 303 /)
  })

  t.test('nothing is left of a container that was stopped', async t => {
    const container = await new OidcLabContainer(image).start()
    t.match(runDocker('ps', '--all', '--quiet', '--no-trunc'), container.getId())
    await container.stop()
    t.notMatch(runDocker('ps', '--all', '--quiet', '--no-trunc'), container.getId())
    await t.rejects(fetch(container.issuer))
  })

  t.test('an application in a container, a browser outside and the suite have one name for the issuer', async t => {
    await using network = await new Network().start()
    await using lab = await new OidcLabContainer(image).withNetwork(network).withNetworkAliases('lab').start()
    t.match(lab.issuer, /^http:\/\/lab:\d+$/)
    const { APP_PORT: port } = await freePorts()
    const shop = `http://localhost:${port}`
    await using realm = await lab.realm({
      clients: { 'relying-party': { client_secret: 'lab-only-secret-of-the-relying-party', redirect_uris: [`${shop}/callback`] } }
    })
    await using application = await new GenericContainer(image)
      .withNetwork(network)
      .withCommand(['node', '--env-file=services/lab.env', 'services/relying-party/server.ts'])
      .withEnvironment({ APP_URL: shop, APP_PORT: port, IDP_ISSUER: realm.issuer })
      .withExposedPorts({ container: Number(port), host: Number(port) })
      .withWaitStrategy(Wait.forHttp('/readyz', Number(port)))
      .start()
    const discovery = 'const { issuer } = await (await fetch(process.argv[1] + "/.well-known/openid-configuration")).json(); console.log(issuer)'
    const { output } = await application.exec(['node', '--input-type=module', '--eval', discovery, realm.issuer])
    t.equal(output.trim(), realm.issuer)
    const { cookies } = await realm.signedIn('alice', { through: `${shop}/login` })
    t.ok(cookies.some(({ name, domain }) => name === 'session' && domain === 'localhost'))
    await realm.saw({ endpoint: 'token' }, { times: 1 })
    t.ok((await lab.root.signedIn('alice', { through: `${lab.app}/login` })).cookies.length > 0, 'and its own application works there as well')
  })

  t.test('a port that somebody has taken since it was looked at is given up for another', async t => {
    // Free on 127.0.0.1, where it is looked for, and taken where an engine wants it, which is on all addresses.
    const occupant = createServer().listen(0, '127.0.0.2')
    await once(occupant, 'listening')
    const { port } = occupant.address() as AddressInfo
    const { randomInt } = crypto
    const draws = [port]
    crypto.randomInt = ((min: number, max: number) => draws.shift() ?? randomInt(min, max)) as typeof randomInt
    syncBuiltinESMExports()
    t.teardown(() => {
      crypto.randomInt = randomInt
      syncBuiltinESMExports()
      occupant.close()
    })
    await using container = await new OidcLabContainer(image).withLabels({ test: image }).start()
    t.strictSame(draws, [], 'it was to have that port')
    t.equal((await fetch(container.app)).status, 200)
    t.notOk([container.app, container.issuer, container.genesys.url, container.console].some(url => url.endsWith(`:${port}`)))
    t.equal(runDocker('ps', '--all', '--quiet', '--filter', `label=test=${image}`).split('\n').length, 1, 'nothing is left of the first attempt')
  })

  t.test('where the engine is on another machine, the lab has the name of that', async t => {
    const program = `
      import { startLab } from './index.ts'
      const lab = await startLab({ how: 'container', image: process.argv[1] })
      const { cookies } = await lab.root.signedIn('alice', { through: lab.app + '/login' })
      console.log(lab.issuer, cookies.some(({ name }) => name === 'session'))
      await lab.stop()`
    const env = { ...process.env, TESTCONTAINERS_HOST_OVERRIDE: hostname() }
    const run = runNode(t, ['--input-type=module', '--eval', program, image], { cwd: import.meta.dirname, env })
    t.equal(await run.exit, 0, run.output())
    t.match(run.output(), new RegExp(`^http://${hostname()}:\\d+ true$`, 'm'))
  })

  t.test('the image has what runs, and little beside', async t => {
    const kilobytes = runDocker('run', '--rm', image, 'du', '-ks', '--total', '/lab', '/tmp').split('\n').map(line => Number.parseInt(line)).at(-1)!
    t.ok(kilobytes < maxKilobytes, `${kilobytes} KB more than its base`)
    const inside = runDocker('run', '--rm', image, 'sh', '-c', 'ls /lab /lab/scripts; find . -path "./services/*.test.ts" -o -path "*/prebuilds/win32*"')
    t.equal(inside, '/lab:\nnode_modules\npackage.json\nscripts\nservices\n\n/lab/scripts:\ndoctor\ndoctor.ts\nreport')
    t.match(runDocker('image', 'inspect', '--format', '{{.Config.Cmd}} {{.Config.User}} {{.Config.Healthcheck.Test}}', image), /embedded\/server\.ts\] node \[CMD bash/)
  })

  t.test('settings that are wrong are told in the lab\'s words', async t => {
    await t.rejects(startLab({ how: 'container', image, settings: { BRAND: 'none' } }), /BRAND/)
    await t.rejects(startLab({ how: 'container', image, settings: { IDP_PORT: 'none' } }), /The lab cannot start, a setting is wrong:\n {2}IDP_PORT: is malformed/)
  })
}
