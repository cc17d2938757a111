// A suite of somebody else's that Playwright's own runner runs, with the fixtures of the package.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runNode } from '../helpers/command.ts'
import { findChromium, sandboxArgs } from '../helpers/find-chromium.ts'
import { installKit, linkPackages } from '../helpers/installed-kit.ts'
import { root } from '../helpers/lab.ts'

const executablePath = findChromium()
const { LAB_URL: _none, ...env } = process.env

t.test('a foreign Playwright suite', { skip: !executablePath && 'this machine has no Chromium (CHROMIUM_PATH may name one)' }, async t => {
  const consumer = await installKit(t)
  linkPackages(consumer, ['@playwright/test', 'express', 'express-openid-connect', '@types/express'])
  const playwright = (...args: string[]) =>
    runNode(t, [join(consumer, 'node_modules', '@playwright', 'test', 'cli.js'), 'test', ...args], { cwd: consumer, env })
  writeFileSync(join(consumer, 'playwright.config.ts'), `
    import { defineConfig } from '@playwright/test'
    import type { LabFixtures, RealmFixtures } from 'oidc-messenger-lab/playwright'

    export default defineConfig<RealmFixtures, LabFixtures>({
      reporter: 'list',
      workers: 1,
      use: { labOptions: { services: ['idp'] }, launchOptions: ${JSON.stringify({ executablePath, args: sandboxArgs })} }
    })
  `)
  writeFileSync(join(consumer, 'shop.ts'), `
    import { once } from 'node:events'
    import { createServer } from 'node:http'
    import type { AddressInfo } from 'node:net'
    import express from 'express'
    import openid from 'express-openid-connect'
    import { test as base } from 'oidc-messenger-lab/playwright'
    export { expect } from 'oidc-messenger-lab/playwright'

    export const test = base.extend<{ shop: string }>({
      shop: async ({ realm }, use) => {
        const app = express()
        const server = createServer(app).listen(0)
        await once(server, 'listening')
        const shop = 'http://localhost:' + (server.address() as AddressInfo).port
        await realm.clients.put('shop', { redirect_uris: [shop + '/callback'], first_party: true, id_token_claims: ['name'] })
        app.use(openid.auth({
          issuerBaseURL: realm.issuer, baseURL: shop, clientID: 'shop', clientSecret: 'lab-only-secret-of-shop', secret: 'of the session',
          authRequired: false, authorizationParams: { response_type: 'code', scope: 'openid profile' }
        }))
        app.get('/', (request, response) => { response.send('<title>Shop</title><h1>Hello ' + (request.oidc.user?.name ?? 'stranger') + '</h1>') })
        await use(shop)
        server.closeAllConnections()
        server.close()
      },
      signedInAs: async ({ shop }, use) => use({ user: 'zoe', through: shop + '/login' }),
      realmOptions: { users: { zoe: { claims: { name: 'Zoe Zander' } } } }
    })
  `)
  writeFileSync(join(consumer, 'shop.spec.ts'), `
    import { test, expect } from './shop'

    const issuers = new Set<string>()
    const labs = new Set<string>()
    test.beforeEach(({ lab, realm }) => { labs.add(lab.issuer); issuers.add(realm.issuer) })

    test('is signed in', async ({ signedInPage, shop }) => {
      await signedInPage.goto(shop)
      await expect(signedInPage.getByRole('heading')).toHaveText('Hello Zoe Zander')
    })
    test('is not signed in', async ({ page, shop }) => {
      await page.goto(shop)
      await expect(page.getByRole('heading')).toHaveText('Hello stranger')
    })
    test('refuses', async ({ page, realm, shop }) => {
      await realm.faults.once('id-token-invalid-nonce', { client: 'shop' })
      await page.goto(shop + '/login')
      await page.getByRole('button', { name: 'Sign in as Zoe' }).click()
      await expect(page.getByText(/unexpected JWT claim/)).toBeVisible()
      await realm.saw({ endpoint: 'token', client: 'shop' }, { times: 1 })
    })
    test('each has its own', () => {
      expect(labs.size).toBe(1)
      expect(issuers.size).toBe(4)
    })
  `)

  await t.test('has a lab for each worker, an issuer for each test, and a page in which somebody is signed in at its own application', async t => {
    const run = playwright()
    t.equal(await run.exit, 0, run.output())
    t.match(run.output(), /4 passed/)
  })

  await t.test('finds what was exchanged in each test that fails, beside what Playwright keeps of it', async t => {
    writeFileSync(join(consumer, 'failing.spec.ts'), `
      import { test, expect } from './shop'

      test.describe('the shop', () => {
        test('is signed out', async ({ signedInPage, shop }) => {
          await signedInPage.goto(shop)
          await expect(signedInPage.getByRole('heading')).toHaveText('Hello stranger', { timeout: 100 })
        })
      })
    `)
    const run = playwright('failing')
    t.equal(await run.exit, 1)
    t.match(run.output(), /attachment #\d: what was exchanged \(text\/html\)/)
    t.match(readFileSync(join(consumer, 'lab-report', 'the shop is signed out.html'), 'utf8'), /zoe/)
  })

  await t.test('is checked by its types', async t => {
    const options = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--noEmit', '--skipLibCheck', '--types', 'node', '--typeRoots', join(root, 'node_modules', '@types')]
    const compiler = runNode(t, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), ...options, 'shop.ts', 'playwright.config.ts'], { cwd: consumer, env })
    t.equal(await compiler.exit, 0, compiler.output())
  })
})
