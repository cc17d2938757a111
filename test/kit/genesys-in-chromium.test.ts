import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { newContext, startChromium } from '../helpers/chromium.ts'
import { until } from '../helpers/until.ts'
import { startLab } from './index.ts'

const title = 'a page of somebody else embeds the Messenger by what it is told, and is answered at the desk'
const chromium = await startChromium(t, title)
if (chromium) {
  const lab = await startLab()
  t.teardown(() => lab.stop())
  const { genesys } = lab
  t.test(title, async t => {
    const { scriptUrl, ...config } = await genesys.messenger({ deployment: 'anonymous' })
    const snippet = `(function (g, e, n, es, ys) { g._genesysJs = e; g[e] = g[e] || function () { (g[e].q = g[e].q || []).push(arguments) };
      g[e].t = Date.now(); g[e].c = es; ys = document.createElement('script'); ys.async = true; ys.src = n; document.head.appendChild(ys)
    })(window, 'Genesys', ${JSON.stringify(scriptUrl)}, ${JSON.stringify(config)})
    Genesys('subscribe', 'MessagingService.started', () => Genesys('command', 'MessagingService.sendMessage', { message: 'Is anybody there?' }))
    Genesys('subscribe', 'Messenger.ready', () => Genesys('command', 'Messenger.open'))`
    const server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(`<script>${snippet}</script>`)).listen(0)
    await once(server, 'listening')
    t.teardown(() => server.close())
    const page = await (await newContext(t, chromium)).newPage()
    const { length } = await genesys.desk.conversations()
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}`)
    await until('the page is in a conversation', async () => (await genesys.desk.conversations()).length > length)
    const agent = await genesys.desk.take((await genesys.desk.conversations())[0]!)
    await agent.hears('Is anybody there?')
  })
}
