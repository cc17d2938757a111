// Fixtures for Playwright's own runner: https://playwright.dev/docs/test-fixtures
import { test as base, type Page } from '@playwright/test'
import type { Lab, RealmOptions } from './lab.ts'
import type { Realm } from './realm.ts'
import type { SignedInOptions } from './signed-in.ts'
import { startLab, type LabOptions } from './start-lab.ts'

export { expect } from '@playwright/test'

/** Who is signed in, and where. */
export interface SignedInAs extends SignedInOptions {
  user: string
}

/** What is there for each test. */
export interface RealmFixtures {
  /** what a realm has from its beginning; set by `test.use` */
  realmOptions: RealmOptions
  /** an issuer for this test alone */
  realm: Realm
  /** who is signed in in `signedInPage`; set by `test.use`, or made of what else a test has, such as the address of an application */
  signedInAs: SignedInAs
  /** a page in a browser in which somebody is signed in */
  signedInPage: Page
}

/** What is there for each worker. */
export interface LabFixtures {
  /** how the lab is started; set by `test.use` */
  labOptions: LabOptions
  /** a lab; the one at `LAB_URL` where that is set */
  lab: Lab
}

/** Playwright's `test`, with a lab for each worker and an issuer for each test. */
export const test = base.extend<RealmFixtures, LabFixtures>({
  labOptions: [{}, { option: true, scope: 'worker' }],
  lab: [async ({ labOptions }, use) => {
    const lab = await startLab(labOptions)
    await use(lab)
    await lab.stop()
  }, { scope: 'worker' }],
  realmOptions: [{}, { option: true }],
  realm: async ({ lab, realmOptions }, use, info) => {
    const realm = await lab.realm({ test: info.titlePath.slice(1).join(' '), ...realmOptions })
    await use(realm)
    const path = info.status === info.expectedStatus ? undefined : await realm.report()
    if (path !== undefined) await info.attach('what was exchanged', { path, contentType: 'text/html' })
    await realm.remove()
  },
  signedInAs: [{ user: 'alice' }, { option: true }],
  signedInPage: async ({ browser, realm, signedInAs: { user, ...options } }, use) => {
    const context = await browser.newContext({ storageState: await realm.signedIn(user, options) })
    await use(await context.newPage())
    await context.close()
  }
})
