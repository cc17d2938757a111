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
    t.strictSame(await upload(tab, 'dot.png', 'image/png', dot), { value: undefined }, 'the command does not wait for the upload')
    const { attachmentId, downloadUrl } = (await tab.next('MessagingService.fileUploaded')).data as { attachmentId: string, downloadUrl: string }
    t.match(await tab.events('MessagingService.fileUploaded'), [{ data: { attachmentId: /./, downloadUrl: /^http/, timestamp: /Z$/ } }])
    t.match(await tab.events('MessagingService.uploadApproved'), [{ data: { attachmentId, headers: {}, uploadURL: /^http/ } }])
    t.strictSame((await tab.events('MessagingService.uploading')).at(-1)?.data, { percentage: 100 })

    const sent = await tab.say('')
    t.match(sent, { value: { type: 'Text', content: [{ contentType: 'Attachment', attachment: { id: attachmentId, filename: 'dot.png', url: /^http/ } }] } })
    t.strictSame(await tab.command('MessagingService.sendMessage', {}), { value: undefined }, 'nothing is left to be sent')
    t.equal((await tab.events('MessagingService.sendingMessage')).length, 2, 'it rides once, after the Join')

    t.strictSame(await tab.command('MessagingService.getFile', { id: attachmentId }), { value: undefined })
    const received = (await tab.next('MessagingService.fileReceived')).data as { downloadUrl: string }
    t.match(received, { attachmentId, downloadUrl: /^http/, timestamp: /Z$/ })
    t.match((await tab.next('MessagingService.messagesUpdated')).data, {
      viewFiles: { attachmentId, newDownloadUrl: received.downloadUrl, updatedTime: /Z$/ },
      updatedMessages: [{ type: 'text', messageType: 'inbound', updatedTime: /Z$/, files: [{ id: attachmentId, name: 'dot.png', downloadUrl: received.downloadUrl, updatedTime: /Z$/ }] }]
    })
    t.equal(await tab.page.evaluate(async url => (await (await fetch(url)).blob()).size, received.downloadUrl), dot.length)

    await tab.command('MessagingService.refreshFiles', { files: [{ id: attachmentId }] })
    t.match((await tab.next('MessagingService.messagesUpdated', 2)).data, { updatedMessages: [{ files: [{ id: attachmentId, downloadUrl: /^http/ }] }] })

    const saved = tab.page.waitForEvent('download')
    t.strictSame(await tab.command('MessagingService.downloadFile', { downloadUrl, name: 'my dot.png' }), { value: undefined })
    t.equal((await saved).suggestedFilename(), 'my dot.png')
    await tab.next('MessagingService.fileDownloaded')
    const gone = downloadUrl.replace(/token=.*/, 'token=none')
    t.match(await tab.command('MessagingService.downloadFile', { downloadUrl: gone, name: 'dot.png' }), { reason: /./ })
    t.match((await tab.next('MessagingService.fileDownloadError')).data, { message: /./, status: 403 })
  })

  await t.test('what the service refuses about a file is told as an error, and a file can be taken back', async t => {
    const tab = await open(t, stepUp)
    await tab.start()
    const refusals = [
      ['run.exe', 'image/png', dot, 4001, 'fileTypeInvalid'], ['film.mp4', 'video/mp4', dot, 4001, 'fileTypeInvalid'],
      ['empty.png', 'image/png', [], 4102, 'fileSizeZero'], ['not-a.png', 'image/png', [1, 2, 3], 4003, 'fileContentInvalid'],
      ['a:b.png', 'image/png', dot, 4004, 'fileNameInvalid']
    ] as const
    for (const [index, [name, type, bytes, errorCode, errorKey]] of refusals.entries()) {
      t.strictSame(await upload(tab, name, type, [...bytes]), { value: undefined })
      t.match((await tab.next('MessagingService.error', index + 1)).data, {
        error: { class: /^(GenerateUrlError|UploadFailureEvent)$/, body: { attachmentId: /./, errorCode, errorMessage: /./ }, errorKey }, errorKey
      }, name)
    }
    t.strictSame(await tab.events('MessagingService.fileUploadError'), [])

    await upload(tab, 'dot.png', 'image/png', dot)
    const { attachmentId } = (await tab.next('MessagingService.fileUploaded')).data as { attachmentId: string }
    t.strictSame(await tab.command('MessagingService.deleteFile', { id: attachmentId }), { value: undefined })
    t.strictSame((await tab.next('MessagingService.fileDeleted')).data, { attachmentId })
    t.strictSame(await tab.command('MessagingService.sendMessage', { message: ' ' }), { reason: 'Message only contains whitespaces' })
  })

  await t.test('an upload that fails on its way is told as such, and so is one that is taken back', async t => {
    const tab = await open(t, stepUp)
    await tab.start()
    let broken = true
    await tab.page.route('**/attachments/*', async route => broken ? await route.abort() : undefined)
    await upload(tab, 'dot.png', 'image/png', dot)
    t.match((await tab.next('MessagingService.fileUploadError')).data, { message: /./, status: 0 })
    broken = false
    await upload(tab, 'dot.png', 'image/png', dot)
    const { attachmentId } = (await tab.next('MessagingService.uploadApproved', 2)).data as { attachmentId: string }
    await tab.command('MessagingService.deleteFile', { id: attachmentId })
    t.strictSame((await tab.next('MessagingService.fileUploadCancelled')).data, { attachmentId })
    t.strictSame(await tab.events('MessagingService.error'), [])
  })
}

// A PNG of one pixel.
const dot = [...Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')]

/** As a page does with what an `<input type="file">` has. */
function upload (tab: MessengerPage, name: string, type: string, bytes: number[]): ReturnType<MessengerPage['command']> {
  return tab.page.evaluate(([name, type, bytes]) => new Promise(resolve => {
    const chosen = new (Reflect.get(globalThis, 'DataTransfer'))()
    chosen.items.add(new File([new Uint8Array(bytes)], name, { type }));
    (globalThis as unknown as PageGlobals).Genesys('command', 'MessagingService.requestUpload', { file: chosen.files },
      (value: unknown) => resolve({ value }), (reason: unknown) => resolve({ reason }))
  }), [name, type, bytes] as const)
}
