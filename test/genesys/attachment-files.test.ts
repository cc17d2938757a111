import { randomUUID } from 'node:crypto'
import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { Deployment } from '../../services/genesys/deployments.ts'
import { until } from '../helpers/until.ts'
import { gif, png, pngRequest, startWithUploads, stepUpDeploymentId } from './attachment-helper.ts'
import { configWith, temporaryFolder } from './helper.ts'

/** The deployments of the lab, of which one takes these files. */
const taking = (modes: Deployment['messenger']['fileUpload']['modes']) => configWith('').deployments.map((deployment): Deployment =>
  deployment.id === stepUpDeploymentId ? { ...deployment, messenger: { ...deployment.messenger, fileUpload: { modes } } } : deployment)

t.test('serves a file so that it does no harm in a browser', async t => {
  const { guest, upload, local } = await startWithUploads(t, { deployments: taking([{ fileTypes: ['*/*'], maxFileSizeKB: 100 }]) })
  const visitor = await guest()
  const page = Buffer.from('<script>alert(1)</script>')
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
  const cases: [string, string, Buffer, string][] = [
    ['pixel.png', 'image/png', png, 'inline'],
    ['a.txt', 'text/plain', page, 'attachment'],
    ['page', 'text/html', page, 'attachment'],
    ['drawing.xml', 'image/svg+xml', svg, 'attachment'],
    ['a.bin', 'application/octet-stream', page, 'attachment']
  ]
  for (const [fileName, fileType, bytes, disposition] of cases) {
    const { downloadUrl } = await upload(visitor, { fields: { fileName, fileType, fileSize: bytes.length }, bytes })
    const response = await fetch(local(downloadUrl), { headers: { origin: 'http://app.localhost:3000' } })
    t.same(Buffer.from(await response.arrayBuffer()), bytes, fileType)
    t.match(Object.fromEntries(response.headers), {
      'content-type': new RegExp(`^${fileType.replace('+', '\\+')}(; charset=utf-8)?$`),
      'content-length': String(bytes.length),
      'content-disposition': new RegExp(`^${disposition}; filename="?${fileName}"?$`),
      'content-security-policy': /default-src 'none'.*; sandbox$/,
      'x-content-type-options': 'nosniff',
      'cache-control': 'private',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin'
    })
  }
  const { downloadUrl } = await upload(visitor)
  const part = await fetch(local(downloadUrl), { headers: { range: 'bytes=1-3' } })
  t.equal(part.status, 206)
  t.equal(await part.text(), 'PNG')
})

t.test('removes what nobody keeps, once it is old, and nothing else', async t => {
  const folder = temporaryFolder(t)
  const before = await startWithUploads(t, {}, folder)
  const visitor = await before.guest()
  const kept = await before.upload(visitor)
  const [keptFile] = await before.files()
  await before.app.close()

  const inFolder = (file: string) => join(before.stateFolder, 'attachments', file)
  const old = [randomUUID(), `${randomUUID()}.part`]
  const recent = [randomUUID(), `${randomUUID()}.part`]
  for (const file of [...old, ...recent]) await writeFile(inFolder(file), png)
  for (const file of [...old, keptFile!]) await utimes(inFolder(file), 0, 0)

  const { files, guest, local } = await startWithUploads(t, {}, folder)
  await until('the old ones are gone', async () => (await files()).length === 3)
  t.same((await files()).toSorted(), [keptFile!, ...recent].toSorted())
  const again = await guest({ token: visitor.token })
  const { body } = await again.request('getAttachment', { attachmentId: kept.attachmentId })
  t.equal((await fetch(local((body as { url: string }).url))).status, 200)
})

t.test('logs neither tokens nor what guests call their files', async t => {
  const lines: string[] = []
  const log = { level: 'trace', format: 'json' as const, destination: { write: (line: string) => { lines.push(line) } } }
  const { guest, upload, request, put, local } = await startWithUploads(t, { log })
  const visitor = await guest()
  const fields = { ...pngRequest, fileName: 'my-diagnosis.png' }
  const { downloadUrl, url } = await upload(visitor, { fields })
  await fetch(local(downloadUrl))
  await fetch(local(downloadUrl.replace('token=', 'token=x')))
  await put(url, png)
  const other = await request(visitor, fields)
  await put(other.url, gif)
  const logged = lines.join('')
  t.match(logged, /PUT \/attachments\//)
  t.notMatch(logged, /my-diagnosis|eyJ/)
})
