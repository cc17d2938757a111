import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import { startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { openPage, write } from '../helpers/messenger-window.ts'
import { isShown } from '../helpers/shown.ts'
import { seeLauncher, watchLauncher } from '../helpers/slow-network.ts'
import { until } from '../helpers/until.ts'

const deploymentId = '0c9d2f64-5b1e-4a37-8f02-7d6e5c4b3a21'

/** What of the DOM these pages use. */
interface BrandElement {
  src: string
  onload (): void
  append (element: BrandElement): void
  remove (): void
  replaceChildren (): void
}

/** What these pages have on their `globalThis`. */
interface BrandGlobals {
  Genesys: { (...call: unknown[]): void, q?: unknown[][] }
  stub: { (...call: unknown[]): void, q?: unknown[][] }
  seen: string[]
  document: {
    body: BrandElement
    head: BrandElement
    documentElement: BrandElement
    createElement (name: string): BrandElement
    querySelector (selector: string): BrandElement | null
    querySelectorAll (selector: string): ArrayLike<BrandElement>
  }
  localStorage: { setItem (name: string, value: string): void }
  launchers (): number
}

/** The Messenger's script on pages that are not like ours: how they load it, what they allow, and what they do to it. */
export async function anyPageInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'brands embed the script in their own ways in Chromium')
  if (!chromium) return
  const scriptUrl = `${lab.genesys}/genesys-bootstrap/genesys.min.js`
  const config = JSON.stringify({ environment: 'prod', deploymentId })
  const snippet = `;(function (g, e, n, es, ys) {
    g._genesysJs = e
    g[e] = g[e] || function () { (g[e].q = g[e].q || []).push(arguments) }
    g[e].t = Date.now()
    g[e].c = es
    ys = document.createElement('script')
    ys.async = true
    ys.src = n
    ys.charset = 'utf-8'
    document.head.appendChild(ys)
  })(window, 'Genesys', '${scriptUrl}', ${config});`
  const object = `window.Genesys = { t: Date.now(), c: ${config}, q: [] };`

  /** A page of a brand's own, on the host that the deployment is for. */
  async function open (t: Test, html: string, { headers = {}, before }: { headers?: Record<string, string>, before?: () => void } = {}) {
    const { page, complaints } = await openPage(t, chromium!)
    // By a real server: what only seems to come from one may not load what is on this machine.
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(`<!doctype html>${html}`)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => server.close())
    await page.addInitScript(() => {
      const globals = globalThis as unknown as BrandGlobals
      globals.seen = []
      globals.launchers = () => globals.document.querySelectorAll('genesys-messenger').length
    })
    if (before) await page.addInitScript(before)
    await page.goto(`http://${new URL(lab.app).hostname}:${(server.address() as AddressInfo).port}`)
    return { page, complaints }
  }

  const seen = (page: Page, count: number) =>
    page.waitForFunction(count => (globalThis as unknown as BrandGlobals).seen.length >= count, count, { polling: 25 })
      .then(() => page.evaluate(() => (globalThis as unknown as BrandGlobals).seen))

  async function chat (t: Test, page: Page) {
    const launcher = page.getByRole('button', { name: 'Open messenger' })
    for (const action of ['open', 'close', 'open']) {
      if (action === 'close') await page.getByRole('button', { name: 'Close messenger' }).click()
      else await launcher.click()
    }
    const log = page.getByRole('log')
    await log.getByText('Hello').waitFor()
    await write(page, 'opening hours')
    await until('the agent answers', async () => await log.getByText(/opening hours|every day/i).count() > 1)
    await isShown(t, page.locator('genesys-messenger'), 1, 'one Messenger')
  }

  for (const [what, stub] of [
    ['the vendor\'s snippet', `window.Genesys = function () { (window.Genesys.q = window.Genesys.q || []).push(arguments) }; Genesys.c = ${config};`],
    ['a function that keeps its own queue', `window.Genesys = (...call) => { (stub.q ??= []).push(call) }; Genesys.c = ${config};`],
    ['a plain object', object],
    ['an object without a queue', `window.Genesys = { c: ${config} };`],
    ['an object that nobody may change', object + 'Object.freeze(Genesys.q); Object.freeze(Genesys);']
  ] as const) {
    await t.test(`the real function is there when the script's load event comes, after ${what}`, async t => {
      const { page, complaints } = await open(t, `<body><script>
        window._genesysJs = 'Genesys'
        ${stub}
        window.stub = window.Genesys
        const script = document.createElement('script')
        script.src = '${scriptUrl}'
        script.onload = () => {
          seen.push(typeof Genesys)
          Genesys('subscribe', 'Auth.ready', () => seen.push('ready'))
          Genesys('command', 'Database.set', { a: 1 }, () => seen.push('set'))
        }
        document.head.append(script)
      </script></body>`)
      const all = await seen(page, 3)
      t.equal(all[0], 'function')
      t.strictSame(all.slice(1).toSorted(), ['ready', 'set'])
      t.strictSame(complaints, [])
    })
  }

  await t.test('what a page calls by a reference to its stub, or puts in its queue, is done before and after the script is there', async t => {
    const { page, complaints } = await open(t, `<body><script>
      window.stub = (...call) => { (stub.q ??= []).push(call) }
      window.Genesys = stub
      stub('command', 'Database.set', { a: 1 }, () => seen.push('before'))
      window.kept = stub.q
      ${snippet}
      Genesys('subscribe', 'Auth.ready', () => {
        stub('command', 'Database.get', { name: 'a' }, (value) => seen.push('by the stub: ' + value))
        kept.push(['command', 'Database.get', { name: 'a' }, (value) => seen.push('by its queue: ' + value)])
        Genesys.q.push(['command', 'Nobody.knows', {}, () => {}, () => seen.push('by the queue there is now')])
      })
    </script></body>`)
    t.strictSame((await seen(page, 4)).toSorted(), ['before', 'by its queue: 1', 'by the queue there is now', 'by the stub: 1'])
    t.strictSame(complaints, [])
  })

  await t.test('a page that runs the snippet twice has one Messenger, whatever it has made of the first', async t => {
    const { page, complaints } = await open(t, `<body><script>
      window.again = (forget) => new Promise((resolve) => {
        if (forget) delete window.Genesys
        ${snippet}
        document.head.lastChild.onload = resolve
      })
      again().then(() => again()).then(() => again(true)).then(() => {
        Genesys('command', 'Database.set', { a: 1 }, () => seen.push('set'))
        again()
      })
    </script></body>`)
    await seen(page, 1)
    await chat(t, page)
    t.strictSame(complaints, [])
    const other = await page.evaluate((url) => new Promise(resolve => {
      const { Genesys, document } = globalThis as unknown as BrandGlobals
      Object.assign(Genesys, { c: { deploymentId: 'another' } })
      const script = document.createElement('script')
      script.src = url
      script.onload = () => resolve('loaded')
      document.head.append(script)
    }), scriptUrl)
    t.equal(other, 'loaded')
    t.match(complaints, [/^The deployment 0c9d2f64\S+ runs on this page; for another it has to be loaded anew$/])
  })

  await t.test('the Messenger is still there when the page replaces its body, and goes on as it was', async t => {
    const { page, complaints } = await open(t, `<body><script>${snippet}</script></body>`)
    await chat(t, page)
    for (const [what, replace] of Object.entries({
      'another body': () => { const { document } = globalThis as unknown as BrandGlobals; document.body = document.createElement('body') },
      'nothing in it': () => { const { document } = globalThis as unknown as BrandGlobals; document.body.replaceChildren() },
      'no body for a moment': () => {
        const { document } = globalThis as unknown as BrandGlobals
        document.body.remove()
        setTimeout(() => document.documentElement.append(document.createElement('body')), 50)
      }
    })) {
      await page.evaluate(replace)
      await until(`it is there with ${what}`, () => page.evaluate(() => (globalThis as unknown as BrandGlobals).launchers() === 1))
      await page.getByRole('log').getByText('Hello').waitFor()
    }
    await write(page, 'still here')
    await page.getByRole('log').getByText('still here').waitFor()
    t.strictSame(complaints, [])

    await page.evaluate(() => {
      const { document } = globalThis as unknown as BrandGlobals
      const remove = () => document.querySelector('genesys-messenger')?.remove()
      remove()
      setInterval(remove, 5)
    })
    await until('the page is left alone', () => complaints.length > 0)
    t.strictSame(complaints, ['The page keeps removing the Messenger, so it stays away until the page is reloaded'])
  })

  for (const [what, before, warns] of [
    ['forbids storage', () => {
      for (const kind of ['localStorage', 'sessionStorage']) {
        Object.defineProperty(globalThis, kind, { get () { throw new DOMException('Access is denied for this document.', 'SecurityError') } })
      }
    }, 2],
    ['has no room left in its storage', () => {
      for (const kind of ['localStorage', 'sessionStorage'] as const) {
        const area = (globalThis as unknown as Record<string, BrandGlobals['localStorage']>)[kind]!
        for (let size = 2 ** 22, name = 0; size >= 1; name++) {
          try {
            area.setItem(`x${name}`, 'x'.repeat(size))
          } catch {
            size = Math.floor(size / 2)
          }
        }
      }
    }, 1]
  ] as const) {
    await t.test(`a guest chats in a browser that ${what}`, async t => {
      const { page, complaints } = await open(t, `<body><script>${snippet}</script></body>`, { before })
      await chat(t, page)
      t.ok(complaints.length >= warns, 'which the console says')
      for (const complaint of complaints) t.match(complaint, /^The Messenger cannot write to (local|session)Storage/)
    })
  }

  const strict = [
    "default-src 'none'", "script-src 'nonce-abc'", `connect-src ${lab.genesys} ${lab.genesys.replace('http', 'ws')}`, "style-src 'none'",
    "require-trusted-types-for 'script'", "trusted-types 'none'"
  ].join('; ')
  for (const attributes of ['', 'defer', 'async', 'type="module"']) {
    await t.test(`a page that allows next to nothing and has its own ways has a chat, by <script ${attributes}>`, async t => {
      const { page, complaints } = await open(t, `<head>
        <base href="https://elsewhere.example/">
        <script nonce="abc">
          window._genesysJs = 'Genesys'
          ${object}
          window.define = Object.assign(() => { throw new Error('not a module of AMD') }, { amd: {} })
          window.module = window.exports = {}
          Array.prototype.last = function () { return this[this.length - 1] }
        </script>
        <script nonce="abc" ${attributes} src="${scriptUrl}"></script></head><body><h1>A brand</h1></body>`,
      { headers: { 'content-security-policy': strict } })
      await chat(t, page)
      t.strictSame(complaints, [])
    })
  }

  await t.test('the host page needs no more than twelve requests for its launcher, at first and again', async t => {
    const { page, complaints } = await openPage(t, chromium)
    await watchLauncher(page)
    for (const when of ['at first', 'again']) {
      const { requests } = await seeLauncher(page, lab.app)
      t.ok(requests.length <= 12, `${when}: ${requests.join(' ')}`)
    }
    t.strictSame(complaints, [])
  })
}
