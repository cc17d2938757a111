import type { Test } from 'tap'
import { newContext, startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { MessengerPage, type PageGlobals } from '../helpers/messenger-page.ts'

const stepUp = '7e3a9d18-2c6f-4b05-a1d4-5f8b9c0e6d72'

/** Files, sent by a page's script. */
export async function uploadsInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'a page sends files by script in Chromium')
  if (!chromium) return
  const open = async (t: Test, deploymentId: string) => await (await MessengerPage.open(await newContext(t, chromium), lab, deploymentId)).visit()

  await t.test('a file is uploaded by itself, rides on the next message and can be fetched again', async t => {
    const tab = await open(t, stepUp)
    await tab.start()
    const uploaded = await upload(tab, 'dot.png', 'image/png', dot)
    t.match(uploaded, { value: { attachmentId: /./, fileName: 'dot.png', fileType: 'image/png', fileSize: dot.length, downloadUrl: /^http/ } })
    const { attachmentId } = uploaded.value as { attachmentId: string }
    for (const name of ['uploading', 'uploadApproved']) {
      t.match(await tab.events(`MessagingService.${name}`), [{ data: { attachmentId, fileName: 'dot.png', fileSize: dot.length } }], name)
    }
    t.match(await tab.events('MessagingService.fileUploaded'), [{ data: { attachmentId, downloadUrl: /^http/ } }])

    const sent = await tab.command('MessagingService.sendMessage', { message: '' })
    t.match(sent, { value: { type: 'Text', content: [{ contentType: 'Attachment', attachment: { id: attachmentId, filename: 'dot.png', url: /^http/ } }] } })
    t.strictSame(await tab.command('MessagingService.sendMessage', { message: '' }), { reason: 'Message only contains whitespaces' }, 'it rides once')
    const { downloadUrl } = (await tab.command('MessagingService.getFile', { attachmentId })).value as { downloadUrl: string }
    t.equal(await tab.page.evaluate(async url => (await (await fetch(url)).blob()).size, downloadUrl), dot.length)
    await tab.command('MessagingService.refreshFiles')
    t.match(await tab.next('MessagingService.messagesUpdated'), { data: { messages: [{ content: [{ attachment: { id: attachmentId } }] }] } })
  })

  await t.test('a file that the service does not take is refused before anything of it is sent', async t => {
    const tab = await MessengerPage.open(await newContext(t, chromium), lab, stepUp)
    let announced = 0
    tab.page.on('websocket', socket => socket.on('framesent', ({ payload }) => {
      if (String(payload).includes('onAttachment')) announced++
    }))
    await tab.visit()
    await tab.start()
    await tab.next('MessagingService.allowedFileTypes')
    t.match(await upload(tab, 'run.exe', 'image/png', dot), { reason: /\.exe/ })
    t.match(await upload(tab, 'film.mp4', 'video/mp4', dot), { reason: /video\/mp4/ })
    t.match(await upload(tab, 'empty.png', 'image/png', []), { reason: 'The file is empty' })
    t.match((await tab.events('MessagingService.uploadError')).map(({ data }) => data), [
      { attachmentId: /./, errorCode: 4001, errorMessage: /./ }, { errorCode: 4001 }, { errorCode: 4102 }
    ])
    t.equal(announced, 0)
  })

  await t.test('what the service finds out about a file afterwards is told, and a file can be taken back', async t => {
    const tab = await open(t, stepUp)
    await tab.start()
    t.match(await upload(tab, 'not-a.png', 'image/png', [1, 2, 3]), { reason: /./ })
    t.match(await tab.next('MessagingService.uploadError'), { data: { attachmentId: /./, errorCode: 4003, errorMessage: /./ } })
    const { value } = await upload(tab, 'dot.png', 'image/png', dot)
    const { attachmentId } = value as { attachmentId: string }
    await tab.command('MessagingService.deleteFile', { attachmentId })
    t.match(await tab.next('MessagingService.fileDeleted'), { data: { attachmentId } })
    t.strictSame(await tab.command('MessagingService.sendMessage', { message: '' }), { reason: 'Message only contains whitespaces' })
  })
}

// A PNG of one pixel.
const dot = [...Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')]

function upload (tab: MessengerPage, name: string, type: string, bytes: number[]): ReturnType<MessengerPage['command']> {
  return tab.page.evaluate(([name, type, bytes]) => new Promise(resolve => {
    const file = new File([new Uint8Array(bytes)], name, { type });
    (globalThis as unknown as PageGlobals).Genesys('command', 'MessagingService.requestUpload', { file },
      (value: unknown) => resolve({ value }), (reason: unknown) => resolve({ reason }))
  }), [name, type, bytes] as const)
}
