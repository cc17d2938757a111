// The lab switches the brand and the deployment of the page while people are in it.
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Server } from '#lib/server/http-server.ts'
import { root } from '../helpers/lab.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { buildAlone } from './helper.ts'

const stepUp = '7e3a9d18-2c6f-4b05-a1d4-5f8b9c0e6d72'
const usual = '5a1b7c3e-8f20-4d6a-9b1e-3c4d5e6f7a80'

/** A call of the control API, as a program makes it. */
async function call (app: Server, method: 'GET' | 'PATCH' | 'DELETE', body?: object, url = '/lab/host-page') {
  const response = await app.inject({ method, url, headers: { host: 'localhost' }, ...(body && { payload: body }) })
  return { status: response.statusCode, ...response.json<{ brand?: string, deployment?: string, error_description?: string }>() }
}

t.test('every page shows the other brand from then on, with its colours and pictures', async t => {
  const { app, tab } = await buildAlone(t)
  const browser = tab()
  t.match((await browser.get('/')).$('title').text(), 'Saltmarsh Kayaks')
  t.match(await call(app, 'PATCH', { brand: 'bank' }), { status: 200, brand: 'bank', deployment: 'default' })

  const page = await browser.get('/')
  t.match(page.$('title').text(), /^Marram Bank/)
  t.match(page.$('.site-header .brand').text(), 'Marram Bank')
  t.match(page.$('.hero img').attr('alt'), /lighthouse/i)
  t.equal((await browser.get('/brand/lighthouse.svg')).status, 200)
  t.equal((await browser.get('/brand/estuary.svg')).status, 404, 'nothing of the other is left')
  t.match((await browser.get('/brand.css')).text, '--accent: #2b3f8c')
  t.match((await browser.get('/favicon.ico')).location?.pathname, '/brand/logo.svg')
  for (const path of ['/signed-in.html', '/nowhere', '/callback?state=made-up', '/%zz']) {
    t.match((await browser.get(path, { accept: 'text/html' })).$('title').text(), /– Marram Bank$/, path)
  }

  t.match(await call(app, 'DELETE'), { brand: 'kayaks' })
  t.match((await browser.get('/')).$('title').text(), 'Saltmarsh Kayaks')
})

t.test('everybody gets the other deployment, but for a browser that has chosen one itself', async t => {
  const { app, tab } = await buildAlone(t)
  const [one, other] = [tab(), tab()]
  const of = async (browser: typeof one) => (await browser.get('/messenger/config')).json<{ deploymentId: string }>().deploymentId
  await other.get('/?deployment=anonymous')
  const own = await of(other)
  await call(app, 'PATCH', { deployment: 'step-up' })
  t.same([await of(one), await of(other)], [stepUp, own])
  t.equal((await one.get('/')).$('.deployments [aria-current]').text(), 'step-up')
  await one.get('/?deployment=default')
  t.equal(await of(one), usual, 'also that of the settings can be chosen')
  await one.get('/?deployment=step-up')
  await call(app, 'PATCH', { deployment: 'default' })
  t.equal(await of(one), usual, 'who has chosen what everybody had goes along')
})

t.test('what is switched is found again after a restart, until everything is put back', async t => {
  const settings = { STATE_DIR: temporaryFolder(t) }
  const restarted = async () => {
    const lines: string[] = []
    const { app } = await buildAlone(t, { ...settings, LOG_LEVEL: 'warn' }, { write: line => { lines.push(line) } })
    return { app, log: lines.join('') }
  }
  const first = await restarted()
  await call(first.app, 'PATCH', { brand: 'bank', deployment: 'anonymous' })
  await first.app.close()
  const second = await restarted()
  t.match(await call(second.app, 'GET'), { brand: 'bank', deployment: 'anonymous' })
  t.match(second.log, 'the lab has switched the host page to bank, anonymous')
  await call(second.app, 'DELETE', undefined, '/lab')
  t.match(await call(second.app, 'GET'), { brand: 'kayaks', deployment: 'default' })
  await call(second.app, 'PATCH', { brand: 'bank' })
  await call(second.app, 'PATCH', { brand: 'kayaks' })
  await second.app.close()
  const third = await restarted()
  t.match(await call(third.app, 'GET'), { brand: 'kayaks', deployment: 'default' })
  t.notMatch(third.log, 'switched')
})

t.test('a brand of one\'s own is among those to choose from, and no other file is', async t => {
  const folder = temporaryFolder(t)
  cpSync(join(root, 'services/brands/bank'), folder, { recursive: true })
  const own = join(folder, 'brand.yaml')
  const { app } = await buildAlone(t, { BRAND: own })
  t.match(await call(app, 'GET'), {
    brand: own,
    brands: [{ name: own, title: 'Marram Bank' }, { name: 'bank', title: 'Marram Bank' }, { name: 'kayaks', title: 'Saltmarsh Kayaks' }],
    deployments: ['default', 'step-up', 'anonymous']
  })
  await call(app, 'PATCH', { brand: 'kayaks' })
  t.match(await call(app, 'PATCH', { brand: own }), { status: 200, brand: own })
  const elsewhere = join(root, 'services/brands/kayaks/brand.yaml')
  t.match(await call(app, 'PATCH', { brand: elsewhere }), { status: 400, error_description: `brand: there is no brand ${elsewhere}` })
})

t.test('what there is not is refused with what was meant perhaps, and nothing has changed', async t => {
  const { app } = await buildAlone(t)
  for (const [body, says] of [
    [{ brand: 'bnak' }, 'brand: there is no brand bnak; did you mean bank?'],
    [{ brand: 'bank', deployment: 'stepup' }, 'deployment: there is no deployment stepup; did you mean step-up?'],
    [{ brnad: 'bank' }, 'brnad: there is no such name; did you mean brand?'],
    [{ brand: 3 }, 'brand: must be'],
    [{}, 'must have at least 1 member']
  ] as const) {
    t.match(await call(app, 'PATCH', body), { status: 400, error_description: says }, JSON.stringify(body))
    t.match(await call(app, 'GET'), { brand: 'kayaks', deployment: 'default' })
  }
  const fromElsewhere = await app.inject({
    method: 'PATCH', url: '/lab/host-page', headers: { host: 'localhost', origin: 'http://evil.example' }, payload: { brand: 'bank' }
  })
  t.equal(fromElsewhere.statusCode, 403)
})

t.test('outside the lab nobody switches anything', async t => {
  const { app, config } = await buildAlone(t, { LAB: 'false' })
  const { statusCode } = await app.inject({ method: 'PATCH', url: '/lab/host-page', headers: { host: new URL(config.app).host }, payload: { brand: 'bank' } })
  t.equal(statusCode, 404)
})
