// TLS=on: the certificates that the lab makes for itself, and the server that speaks TLS by them.
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { installClock, moveProcessClock, realNow } from '#lib/clock/clock.ts'
import { createFetch } from '#lib/outbound/outbound.ts'
import { buildServer } from '#lib/server/http-server.ts'
import { commonSettings, loadSettings, serverConfigOf } from '#lib/settings/settings.ts'
import { keepInstead, openStateFolder } from '#lib/store/state-folder.ts'
import { authorityFile, labCertificates } from '#lib/tls/lab-certificates.ts'
import { makeAuthority, makeServerCertificate, type KeyAndCertificate } from '#lib/tls/make-certificates.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { until } from '../helpers/until.ts'
import { serverConfig } from './server-config.ts'

const dayMs = 86_400_000
const daysLeft = ({ certificate }: KeyAndCertificate) => (new X509Certificate(certificate).validToDate.getTime() - realNow()) / dayMs
const folderOf = (t: Test) => join(temporaryFolder(t), 'tls')

/** Whether a client that trusts only this authority takes a server with such a certificate for one of this name. */
async function takes (t: Test, authority: KeyAndCertificate, server: KeyAndCertificate, hostname: string): Promise<string> {
  const listening = createServer({ key: server.key, cert: server.certificate }, (_request, response) => response.end('taken'))
  t.teardown(() => { listening.closeAllConnections(); listening.close() })
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const socket = connect({ port: (listening.address() as AddressInfo).port, host: '127.0.0.1', servername: hostname, ca: authority.certificate, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  socket.destroy()
  return socket.authorized ? 'taken' : String(socket.authorizationError)
}

t.test('certificates are made at the first start, and the next one finds them', async t => {
  const folder = folderOf(t)
  // Four services of one lab, or four processes, start at once.
  const [first, ...others] = await Promise.all([1, 2, 3, 4].map(async () => await labCertificates(folder)))
  for (const other of [...others, await labCertificates(folder)]) t.strictSame(other, first)
  t.ok(daysLeft(first!) > 800)
})

t.test('nobody else can read the keys, and anybody the certificate of the authority', { skip: process.platform === 'win32' && 'Windows has no such modes' }, async t => {
  const folder = folderOf(t)
  await labCertificates(folder)
  for (const file of ['authority.json', 'server.json']) t.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file)
  t.match(new X509Certificate(readFileSync(authorityFile(folder))).subject, /^CN=OIDC Messenger Lab [0-9a-f]{6}$/)
  t.notMatch(readFileSync(authorityFile(folder), 'utf8'), 'PRIVATE')
})

t.test('who trusts the authority trusts it for this machine alone', async t => {
  const authority = await makeAuthority('Authority of a test', realNow())
  const named = async (...names: string[]) => await makeServerCertificate(authority, names, realNow())
  t.equal(await takes(t, authority, await named('idp.localhost'), 'idp.localhost'), 'taken')
  t.equal(await takes(t, authority, await named('idp.localhost'), 'app.localhost'), 'ERR_TLS_CERT_ALTNAME_INVALID')
  t.not(await takes(t, authority, await named('bank.example'), 'bank.example'), 'taken', 'signed by its key as it is')
})

for (const [about, agedDays, keepsAuthority] of [
  ['a certificate of the servers is made anew before it expires, by the same authority', 500, true],
  ['an authority is made anew before it expires, and with it the certificate', 3_000, false]
] as const) {
  t.test(about, async t => {
    const folder = openStateFolder(folderOf(t))
    const authority = await makeAuthority('Authority of a test', realNow() - agedDays * dayMs)
    const aged = await makeServerCertificate(authority, ['app.localhost'], realNow() - agedDays * dayMs)
    keepInstead(folder, 'authority.json', authority)
    keepInstead(folder, 'server.json', aged)
    const renewed = await labCertificates(folder)
    t.ok(daysLeft(renewed) > 800)
    const now = readFileSync(authorityFile(folder), 'utf8')
    t.equal(now === authority.certificate, keepsAuthority)
    t.ok(new X509Certificate(renewed.certificate).checkIssued(new X509Certificate(now)))
    t.strictSame(await labCertificates(folder), renewed, 'once')
  })
}

t.test('the lab\'s clock does not count', async t => {
  installClock()
  t.teardown(() => moveProcessClock(0))
  await moveProcessClock(-5_000 * dayMs)
  const folder = folderOf(t)
  const made = await labCertificates(folder)
  t.ok(daysLeft(made) > 800)
  await moveProcessClock(5_000 * dayMs)
  t.strictSame(await labCertificates(folder), made)
})

t.test('a file that is damaged is named', async t => {
  const folder = folderOf(t)
  await labCertificates(folder)
  writeFileSync(join(folder, 'server.json'), JSON.stringify({ key: 'x', certificate: 'y' }))
  await t.rejects(labCertificates(folder), { name: 'StateError', message: /server\.json is damaged: put back a copy, or delete it/ })
})

t.test('a server speaks TLS by them, and this process trusts it', async t => {
  const app = buildServer(serverConfig({ certificates: folderOf(t) }))
  t.teardown(() => app.close())
  app.get('/protocol', async ({ protocol }) => protocol)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const url = `https://genesys.localhost:${(app.server.address() as AddressInfo).port}/protocol`
  t.equal(await (await createFetch()(url)).text(), 'https')
  const { authority: another } = await import('./tls.ts')
  t.equal(await (await createFetch({ ca: another })(url)).text(), 'https', 'beside an authority of one\'s own')
})

t.test('over TLS too, a connection has one request worked on at a time, and ends with its last answer', async t => {
  const folder = folderOf(t)
  const app = buildServer(serverConfig({ certificates: folder }))
  t.teardown(() => app.close())
  const begun: string[] = []
  let answer = () => {}
  app.addHook('onRequest', async ({ url }) => { begun.push(url) })
  app.get('/slow', () => new Promise(resolve => { answer = () => resolve('done at last') }))
  app.get('/next', async () => 'next')
  await app.listen({ host: '127.0.0.1', port: 0 })

  const open = async () => {
    const accepted = once(app.server, 'secureConnection') as Promise<[TLSSocket]>
    const client = connect({ port: (app.server.address() as AddressInfo).port, host: '127.0.0.1', servername: 'app.localhost' })
    let received = ''
    client.setEncoding('latin1').on('data', text => { received += text })
    await accepted
    return { client, received: () => received }
  }
  const busy = await open()
  const idle = await open()
  busy.client.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n')
  await until('the first is begun', () => begun.length > 0)
  t.strictSame(begun, ['/slow'])
  const closed = app.close()
  await until('who asks nothing is let go', () => idle.client.closed)
  t.notOk(busy.client.closed)
  answer()
  await closed
  await until('the other is let go', () => busy.client.closed)
  t.match(busy.received(), /^HTTP\/1\.1 200 [^]*done at last/)
})

t.test('TLS=on makes URLs https, and is refused where no certificate of the lab\'s can be for the URL', async t => {
  const configOf = (settings: Record<string, string>, url = 'https://app.localhost:3000') => serverConfigOf('shop', 3000, url, loadSettings('shop', commonSettings, settings))
  t.match(configOf({ TLS: 'on', STATE_DIR: 'kept' }), { certificates: 'kept/tls' })
  t.equal(configOf({}).certificates, undefined)
  for (const url of ['http://app.localhost:3000', 'https://shop.example', 'https://shop.localhost']) {
    t.throws(() => configOf({ TLS: 'on' }, url), {
      name: 'SettingsError',
      message: /^shop cannot start: TLS=on is for https at app\.localhost, .*, evil\.careless\.localhost, and its URL is .* Leave TLS out where a proxy/
    })
  }
})
