import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { ControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { runNode } from '../helpers/command.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { until } from '../helpers/until.ts'
import type { Client, ClientFields, RealmSettings, User, UserFields } from './control-api.ts'
import { startLab } from './index.ts'

type Api<Path extends 'users' | 'clients' | 'settings'> = ControlApiClient[Path]
type Takes<A extends (...parameters: never[]) => unknown, Position extends number> = NonNullable<Parameters<A>[Position]>
type Gives<A extends (...parameters: never[]) => unknown> = Awaited<ReturnType<A>>
/** `true` where each is assignable to the other; a member that one lacks makes it `never`. */
type Same<A, B> = [Required<A>] extends [Required<B>] ? [Required<B>] extends [Required<A>] ? Exclude<keyof A, keyof B> | Exclude<keyof B, keyof A> extends never ? true : never : never : never

// What the kit says that the control API takes and answers is what that does: a difference does not compile.
const isSame: [
  Same<UserFields, Takes<Api<'users'>['put'], 1>>, Same<User, Gives<Api<'users'>['get']>>,
  Same<ClientFields, Takes<Api<'clients'>['put'], 1>>, Same<Client, Gives<Api<'clients'>['get']>>,
  Same<RealmSettings, Gives<Api<'settings'>['get']>>
] = [true, true, true, true, true]

const reportFolder = join(temporaryFolder(t), 'reports')
const lab = await startLab({ reportFolder })
t.teardown(() => lab.stop())

t.test('each test has an issuer of its own, with its own users, clients, faults and clock', async t => {
  t.ok(isSame.every(Boolean))
  const before = Date.now()
  const realm = await lab.realm({ clients: { shop: { redirect_uris: ['http://localhost:8080/callback'] } } })
  t.match(await realm.clients.get('shop'), { client_name: 'shop', first_party: true })
  t.match(await realm.users.put('zoe', { claims: { groups: ['staff'] } }), { password: 'zoe-lab', claims: { groups: ['staff'] } })
  t.match(await realm.faults.once('id-token-invalid-nonce', { client: 'shop' }), { remaining: 1, client_id: 'shop' })
  await realm.clock.advance({ hours: 1, minutes: 1 })
  t.equal((await realm.clock.get()).offsetSeconds, 3_660)
  t.strictSame(await lab.root.faults.active(), [], 'the root has none of it')
  t.equal((await lab.root.clock.get()).offsetSeconds, 0)
  t.ok(Date.now() - before < 600_000, 'nor has whoever tests')
  await realm.remove()
  await t.rejects(realm.users.list(), /404/)
})

t.test('an issuer is like a product, and issues what is said, by a word each', async t => {
  const realm = await lab.realm({ like: 'okta', refresh_tokens: 'always', token_lifetimes: { access_token: 60 }, clients: { app: { redirect_uris: ['com.example.app:/callback'] } } })
  t.match(await realm.settings.get(), { like: 'okta', refresh_tokens: 'always', token_lifetimes: { access_token: 60 }, scopes: { groups: ['groups'] } })
  t.match(await realm.clients.get('app'), { application_type: 'native', token_endpoint_auth_method: 'none', pushed_authorization_requests: 'allowed' })
  await realm.clients.put('app', await realm.clients.get('app'))
  await realm.remove()
})

t.test('a browser is signed in at the provider and at the application, without a page', async t => {
  const { cookies } = await lab.root.signedIn('alice', { through: `${lab.app}/login` })
  const cookie = cookies.filter(({ domain }) => domain === new URL(lab.app).hostname).map(({ name, value }) => `${name}=${value}`).join('; ')
  const session = await fetch(`${lab.app}/session`, { headers: { cookie } })
  t.match(await session.json(), { authenticated: true, user: { name: 'Alice Anders' } })
})

t.test('a sign-in that ends elsewhere says where, and by which way', async t => {
  await lab.root.users.put('yann', { always_ask_consent: true })
  await t.rejects(lab.root.signedIn('yann', { through: `${lab.app}/login` }), /ended with 200 at .*\/interaction\/.*by way of .*Allow/)
})

t.test('an expectation that is not met draws what was exchanged instead', async t => {
  await lab.root.signedIn('bob', { through: `${lab.app}/login` })
  await lab.root.saw({ endpoint: 'token', user: 'bob' }, { times: 1 })
  await t.rejects(lab.root.saw({ endpoint: 'token', user: 'bob' }, { times: 2, within: 0.1 }), /did not see .*2 times[^]*relying-party → idp .*POST token {2}200/)
  await t.rejects(lab.root.saw({ endpoint: 'token', user: 'bob' }, { times: 0 }), /1 times, and not 0[^]*POST token/)
})

t.test('an expectation that is not met leaves a page of what was exchanged, and names it', async t => {
  const users = { zoe: {} }
  const clients = { shop: { redirect_uris: ['http://localhost:8080/callback'] } }
  const realm = await lab.realm({ users, clients, test: 'An order: is paid/refused' })
  t.equal(await realm.report(), undefined, 'there is none of nothing')
  await t.rejects(realm.saw({ endpoint: 'token' }, { within: 0.1 }), { message: /Nothing was exchanged there\.$/ })
  const request = new URLSearchParams({ client_id: 'shop', redirect_uri: 'http://localhost:8080/callback', response_type: 'code', scope: 'openid', nonce: 'n' })
  await (await fetch(`${realm.issuer}/auth?${request}`, { redirect: 'manual' })).text()
  const path = join(reportFolder, 'An order is paid refused.html')
  const error = await realm.saw({ endpoint: 'token', client: 'shop' }, { within: 0.1 }).catch((error: unknown) => error)
  t.equal((error as Error).message.split('\n').at(-1), `In full: ${path}`)
  t.match(readFileSync(path, 'utf8'), /^<!doctype html>[^]*shop/i)
  await realm.remove()

  const unnamed = await lab.realm({ clients })
  await (await fetch(`${unnamed.issuer}/auth?${request}`, { redirect: 'manual' })).text()
  await t.rejects(unnamed.saw({ endpoint: 'token', client: 'shop' }, { within: 0.1 }), /In full: .*client shop endpoint token at least once\.html$/)
  await unnamed.remove()
})

t.test('a page of what was exchanged has the name of the test where Node knows it', async t => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'shop.test.mjs')
  writeFileSync(file, `
    import { describe, test } from 'node:test'
    import { startLab } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)}
    describe('the shop', () => test('is paid', async () => {
      const lab = await startLab()
      await lab.root.signedIn('alice', { through: lab.app + '/login' })
      await lab.root.saw({ endpoint: 'token', user: 'alice' }, { times: 0 })
    }))
  `)
  const { LAB_URL: _none, NODE_TEST_CONTEXT: _inside, ...env } = process.env
  const suite = runNode(t, ['--test', file], { cwd: folder, env: { ...env, LAB_URL: lab.console } })
  t.equal(await suite.exit, 1)
  const name = join('lab-report', 'the shop is paid.html')
  t.match(suite.output(), `In full: ${name}`)
  t.match(readFileSync(join(folder, name), 'utf8'), /alice/)
})

t.test('the lab ends with whoever started it, however that ends, and leaves nothing behind', async t => {
  const program = "import { startLab } from './index.ts'; const lab = await startLab({ services: ['idp'] }); console.log(lab.issuer); setInterval(() => {}, 1e6)"
  const consumer = spawn(process.execPath, ['--input-type=module', '--eval', program], { cwd: join(import.meta.dirname), stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(consumer.stdout, 'data')
  const issuer = String(line).trim()
  t.equal((await fetch(`${issuer}/livez`)).status, 200)
  consumer.kill('SIGKILL')
  await until('nobody answers there', () => fetch(`${issuer}/livez`).then(() => false, () => true))
})

t.test('a second one uses the lab of the first, by its address', async t => {
  process.env['LAB_URL'] = lab.console
  t.teardown(() => { delete process.env['LAB_URL'] })
  const same = await startLab()
  t.match(same, { how: 'url', issuer: lab.issuer, app: lab.app })
  await same.stop()
  t.equal((await fetch(`${lab.issuer}/livez`)).status, 200, 'and does not stop it')
})
