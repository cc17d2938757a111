import type { Page, Request } from 'playwright-core'

/** Slow 3G, as browsers' developer tools have it. */
const slow3g = { latency: 400, downloadThroughput: 400_000 / 8, uploadThroughput: 400_000 / 8 }

/** What it took until the Messenger's launcher could be seen. */
export interface LauncherSeen {
  milliseconds: number
  /** in their order */
  requests: string[]
}

/** Of the DOM, what a search for the launcher needs; these files are checked without its types. */
interface Root {
  querySelector (selector: string): { shadowRoot: Root | null, checkVisibility (): boolean } | null
}

/** Have the page load over slow 3G from now on. */
export async function slowDown (page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.emulateNetworkConditions', { offline: false, ...slow3g })
}

/** Have `seeLauncher` be able to say when the launcher was there. */
export async function watchLauncher (page: Page): Promise<void> {
  await page.addInitScript(() => {
    const look = () => {
      const { document } = globalThis as unknown as { document: Root }
      const launcher = document.querySelector('genesys-messenger')?.shadowRoot?.querySelector('.launcher')
      if (launcher?.checkVisibility()) Object.assign(globalThis, { launcherSeenAt: performance.now() })
      else setTimeout(look, 10)
    }
    look()
  })
}

/** Go to a page, and wait until its launcher can be seen. */
export async function seeLauncher (page: Page, url: string): Promise<LauncherSeen> {
  const requests: string[] = []
  // What the page before this one still asks for is not counted.
  const note = (request: Request) => {
    if (request.isNavigationRequest()) requests.length = 0
    requests.push(request.url())
  }
  page.on('request', note)
  try {
    await page.goto(url, { waitUntil: 'commit' })
    const seen = await page.waitForFunction(() => (globalThis as { launcherSeenAt?: number }).launcherSeenAt, undefined, { polling: 25, timeout: 60_000 })
    return { milliseconds: (await seen.jsonValue())!, requests: [...requests] }
  } finally {
    page.off('request', note)
  }
}
