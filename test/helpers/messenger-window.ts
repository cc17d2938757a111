import { AxeBuilder } from '@axe-core/playwright'
import type { Browser as Chromium, BrowserContextOptions, Locator, Page, WebSocketRoute } from 'playwright-core'
import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { newContext } from './chromium.ts'
import type { Lab } from './lab.ts'

/** A picture of one pixel. */
export const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

/** The Messenger window with someone in it. */
export interface Chat {
  page: Page
  messenger: Locator
  log: Locator
  complaints: string[]
  /** have the page receive a frame that the service has not sent: what the lab's agent never says */
  push (frame: object): Promise<void>
  /** the frames that the page has sent */
  sent (): string[]
  /** break the connection, and let no other come about */
  cut (): void
  mend (): void
  /** have the service refuse the next message */
  refuseNext (): void
  /** have the page believe this of the session from the next one on, whatever the service says */
  pretend (session: object): void
}

interface ChatOptions extends BrowserContextOptions {
  deploymentId?: string
}

/** Alice, signed in, with the Messenger open and greeted by the agent. */
export async function openChat (t: Test, chromium: Chromium, lab: Lab, { deploymentId, ...options }: ChatOptions = {}): Promise<Chat> {
  const { page, complaints } = await openPage(t, chromium, options)
  if (deploymentId) await useDeployment(page, lab, deploymentId)
  const frames: string[] = []
  const sockets = new Set<WebSocketRoute>()
  let broken = false
  let refusing = false
  let pretended = {}
  await page.routeWebSocket(url => url.pathname === '/v1', async socket => {
    if (broken) return await socket.close({ code: 4000 })
    const service = socket.connectToServer()
    sockets.add(socket)
    service.onMessage(frame => {
      const { body, ...envelope } = JSON.parse(String(frame))
      const told = envelope.class === 'SessionResponse' ? { ...body, ...pretended } : body
      socket.send(JSON.stringify({ ...envelope, body: told }))
    })
    socket.onMessage(frame => {
      frames.push(String(frame))
      const { message, tracingId } = JSON.parse(String(frame))
      if (!refusing || message?.type !== 'Text') return service.send(frame)
      refusing = false
      socket.send(JSON.stringify({ type: 'response', class: 'string', code: 400, body: 'Request failed.', tracingId }))
    })
  })
  await signInByClick(page, lab, 'Alice Anders')
  await showMessenger(page)
  const messenger = page.getByRole('dialog', { name: 'Messenger' })
  const log = messenger.getByRole('log')
  await log.getByText('Hello Alice').waitFor()
  return {
    page,
    messenger,
    log,
    complaints,
    push: async frame => { for (const socket of sockets) socket.send(JSON.stringify(frame)) },
    sent: () => frames,
    cut () {
      broken = true
      for (const socket of sockets) socket.close({ code: 4000 }).catch(() => {})
      sockets.clear()
    },
    mend () { broken = false },
    refuseNext () { refusing = true },
    pretend (session) { pretended = session }
  }
}

/** As if the host page were configured with another deployment. */
export async function useDeployment (page: Page, lab: Lab, deploymentId: string) {
  await page.route(`${lab.app}/messenger/config`, async route => {
    const config = await (await fetch(`${lab.app}/messenger/config`)).json() as object
    await route.fulfill({ json: { ...config, deploymentId } })
  })
}

let madeUp = 0

/** A frame with a message of the agent's. */
export function said (content: object, time = new Date().toISOString()) {
  const messageId = `made-up-${++madeUp}`
  const channel = { time, messageId, type: 'Private', from: { nickname: 'Robin' } }
  return { type: 'message', class: 'StructuredMessage', code: 200, body: { id: messageId, type: 'Text', direction: 'Outbound', channel, ...content } }
}

/** A browser of its own, and what its console complains of. */
export async function openPage (t: Test, chromium: Chromium, options: BrowserContextOptions = {}) {
  const page = await (await newContext(t, chromium, { locale: 'en-GB', ...options })).newPage()
  const complaints: string[] = []
  page.on('console', message => { if (['error', 'warning'].includes(message.type())) complaints.push(message.text()) })
  page.on('pageerror', error => { complaints.push(String(error)) })
  return { page, complaints }
}

/** The button of a test user at the sign-in page. Flows that run beside may have people like theirs, who stand below. */
export const signInAs = (page: Page, name: string) => page.getByRole('button', { name: `Sign in as ${name}` }).first()

/** Sign in at the host page. */
export async function signInByClick (page: Page, lab: Lab, name: string) {
  await page.goto(`${lab.app}/login`)
  await signInAs(page, name).click()
  await page.getByRole('banner').getByText(name, { exact: true }).waitFor()
}

/** Sign out at the host page, which says so at once, and come back to it from the identity provider. */
export async function signOutByClick (page: Page) {
  const back = page.waitForEvent('load')
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await back
  await page.getByRole('link', { name: 'Sign in', exact: true }).waitFor()
}

/** Open the Messenger, if it is not open as it was before. */
export async function showMessenger (page: Page) {
  const open = page.getByRole('button', { name: 'Open messenger' })
  const dialog = page.getByRole('dialog', { name: 'Messenger' })
  await open.or(dialog).first().waitFor()
  if (!await dialog.isVisible()) await open.click()
}

/** Write a message and send it. */
export async function write (page: Page, text: string) {
  const field = page.getByRole('textbox', { name: 'Message' })
  await field.fill(text)
  await field.press('Enter')
}

/** Choose files by the button beside the field. */
export async function attach (page: Page, ...files: { name: string, mimeType: string, buffer: Buffer }[]) {
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Attach a file' }).click()
  await (await chooser).setFiles(files)
}

/** Whether nearly all of it lies within what scrolls it. */
export function inSight (element: Locator): Promise<boolean> {
  return element.evaluate(element => new Promise<boolean>(resolve => {
    const { IntersectionObserver } = element.ownerDocument.defaultView
    new IntersectionObserver(([entry]: { intersectionRatio: number }[]) => resolve(entry!.intersectionRatio > 0.9)).observe(element)
  }))
}

/** Whether what is typed now goes there. */
export const hasFocus = (element: Locator): Promise<boolean> => element.evaluate(element => element.matches(':focus'))

/** Whether the browser has got the picture of one pixel. */
export const isLoaded = (image: Locator): Promise<boolean> => image.evaluate(image => image.naturalWidth === 1)

/** A computed style. */
export const styleOf = (element: Locator, property: string): Promise<string> =>
  element.evaluate((element, property) => element.ownerDocument.defaultView.getComputedStyle(element)[property], property)

/** What the browser hands over when a picture is dropped or pasted. */
export const transferOf = (element: Locator, name: string) => element.evaluateHandle((element, [name, bytes]) => {
  const transfer = new element.ownerDocument.defaultView.DataTransfer()
  transfer.items.add(new File([new Uint8Array(bytes)], name, { type: 'image/png' }))
  return transfer
}, [name, [...png]] as const)

/** Assert that axe finds nothing in the Messenger as it is now. */
export async function checkAccessibility (t: Test, page: Page, what: string) {
  const { violations } = await new AxeBuilder({ page }).include('genesys-messenger').analyze()
  t.strictSame(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`), [], `axe finds nothing ${what}`)
}
