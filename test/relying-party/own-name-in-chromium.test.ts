import t, { type Test } from 'tap'
import { newContext, startChromium, type ChromiumOptions } from '../helpers/chromium.ts'
import { freePorts } from '../helpers/lab.ts'
import { buildAlone } from './helper.ts'

/** Open a path by http://localhost in a browser that finds every name but these. */
async function open (t: Test, path: string, options: ChromiumOptions = {}) {
  const chromium = await startChromium(t, 'who comes by http://localhost, in Chromium', options)
  if (!chromium) return
  const { APP_PORT } = await freePorts()
  const { app, config } = await buildAlone(t, { APP_PORT })
  await app.listen({ host: '127.0.0.1', port: config.port })
  const page = await (await newContext(t, chromium)).newPage()
  await page.goto(`http://localhost:${config.port}${path}`)
  return { page, config }
}

t.test('a browser that finds the application\'s own name is led there, with path, query and fragment', async t => {
  const { page, config } = await open(t, '/index.html?x=%22y#contact') ?? {}
  if (!page || !config) return
  await page.waitForURL(url => url.hostname === 'app.localhost')
  t.equal(page.url(), `${config.app}/index.html?x=%22y#contact`)
})

t.test('a browser that does not find it says what helps', async t => {
  const { page, config } = await open(t, '/?here', { unknownNames: ['app.localhost'] }) ?? {}
  if (!page || !config) return
  await page.getByRole('heading', { name: `This browser does not find app.localhost:${config.port}` }).waitFor()
  const help = await page.getByRole('main').innerText()
  for (const words of [
    'Chrome, Edge and Firefox',
    'echo \'127.0.0.1 app.localhost idp.localhost genesys.localhost\' | sudo tee -a /etc/hosts',
    'Add-Content $env:windir\\System32\\drivers\\etc\\hosts \'127.0.0.1 app.localhost idp.localhost genesys.localhost\'',
    'npm start LOCALHOST_SUBDOMAINS=off'
  ]) t.match(help, words)
  t.equal(page.url(), `http://localhost:${config.port}/?here`)
})
