import vm from 'node:vm'
import type { Page } from '#lib/browser/scriptless-browser.ts'

const timeoutMs = 1_000

/**
 * Run a script of ours on a page, as a browser with a window would: it reads what the page says, and sends what it likes. It is for
 * scripts of lessons alone: `node:vm` keeps nobody in.
 *
 * @param script the very text that stands in the page, or would
 * @param send makes the requests that it makes
 */
export async function runScript (script: string, page: Page, send: (url: string, form: Record<string, string>) => Promise<unknown>): Promise<void> {
  const requests: Promise<unknown>[] = []
  const fetch = (url: string, { body }: { body: URLSearchParams }) => requests.push(send(url, Object.fromEntries(body)))
  vm.runInNewContext(script, { document: { documentElement: { outerHTML: page.text } }, URLSearchParams, fetch }, { timeout: timeoutMs })
  await Promise.all(requests)
}
