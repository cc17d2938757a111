import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import WebSocket from 'ws'
import { connect, type Guest, type GuestFrame } from '../../../test/helpers/guest.ts'

/** A deployment of the lab whose guests need not sign in, and may upload. */
const deploymentId = '7e3a9d18-2c6f-4b05-a1d4-5f8b9c0e6d72'
const origin = 'http://app.localhost:3000'
const MB = 1024 * 1024

/** What anybody can do to the messaging service, without an account. */
export interface GuestAttack {
  about: string
  /**
   * @param port of the service on this machine
   * @returns what came of it, for people, and what to let go of once its memory was looked at
   */
  run (port: number): Promise<{ outcome: string, release: () => void }>
  /** the same to a bare server that sends back, or answers, as much; nothing where there is no such server */
  bare?: 'echo' | 'answers'
}

/** The attacks, in the order in which they are made. */
export const guestAttacks: GuestAttack[] = [
  { about: '4 sockets that never read, 100 MB of unknown actions with a tracingId of 100 KB', bare: 'echo', run: floodUnknown },
  { about: '50 guests who upload 10 MB each', run: uploadMuch },
  { about: '400 histories of 160 KB that nobody reads', bare: 'answers', run: leaveHistories },
  { about: '400 downloads of 10 MB that nobody reads', run: leaveDownloads },
  { about: '3,000 sockets at once', run: openSockets },
  { about: '300 desks that never read', run: openDesks }
]

/** Bytes that an answer of `400 histories` has, about: for the server to compare by. */
export const historyBytes = 160 * 1024

async function floodUnknown (port: number) {
  const frame = JSON.stringify({ action: 'unknown', token: crypto.randomUUID(), tracingId: 'x'.repeat(100 * 1024) })
  const sockets = await Promise.all(Array.from({ length: 4 }, async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1?deploymentId=${deploymentId}`, { headers: { origin } })
    await once(socket, 'open')
    socket.on('error', () => {})
    socket.pause()
    return socket
  }))
  let sent = 0
  const end = Date.now() + 12_000
  await Promise.all(sockets.map(async socket => {
    for (let own = 0; own < 25 * MB && socket.readyState === socket.OPEN && Date.now() < end; own += frame.length) {
      await Promise.race([new Promise<void>(resolve => socket.send(frame, () => resolve())), pause(2_000)])
      sent += frame.length
    }
  }))
  await pause(1_000)
  return { outcome: `${Math.round(sent / MB)} MB were sent`, release: () => { for (const socket of sockets) socket.terminate() } }
}

async function uploadMuch (port: number) {
  const statuses = await Promise.all(Array.from({ length: 50 }, async () => {
    const { guest, url } = await guestWithUrl(port)
    const status = url === undefined ? 'refused' : await put(url)
    await guest.close()
    return status
  }))
  const counts = Map.groupBy(statuses, status => status)
  return { outcome: [...counts].map(([status, { length }]) => `${length} × ${status}`).join(', '), release: () => {} }
}

async function leaveHistories (port: number) {
  const text = 'x'.repeat(4000)
  const jwts = await Promise.all(Array.from({ length: 40 }, async () => {
    const guest = await openGuest(port)
    for (let said = 0; said < 40; said++) {
      const { code } = await guest.say(text)
      if (code === 429) await pause(1_000)
    }
    const { body } = await guest.request('getJwt')
    return (body as { jwt: string }).jwt
  }))
  return requestWithoutReading(port, jwts.flatMap(jwt => Array.from({ length: 10 }, () =>
    ['/api/v2/webmessaging/messages?pageSize=100', `authorization: bearer ${jwt}`] as const)))
}

async function leaveDownloads (port: number) {
  const { guest, url } = await guestWithUrl(port)
  await put(url!)
  const { body } = await guest.next(frame => frame.class === 'UploadSuccessEvent') as { body: { downloadUrl: string } }
  const { pathname, search } = new URL(body.downloadUrl)
  return await requestWithoutReading(port, Array.from({ length: 400 }, () => [pathname + search]))
}

/** Ask, each on a connection of its own, and read nothing. */
export async function requestWithoutReading (port: number, requests: (readonly [path: string, ...headers: string[]])[]) {
  const sockets = requests.map(([path, ...headers]) => {
    const socket = connectTcp(port, '127.0.0.1')
    socket.on('error', () => {}).pause().write([`GET ${path} HTTP/1.1`, `host: 127.0.0.1:${port}`, ...headers, '', ''].join('\r\n'))
    return socket
  })
  await pause(4_000)
  return { outcome: `${requests.length} were asked for`, release: () => { for (const socket of sockets) socket.destroy() } }
}

async function openSockets (port: number) {
  const open: WebSocket[] = []
  const refusals: string[] = []
  for (let batch = 0; batch < 30; batch++) {
    await Promise.all(Array.from({ length: 100 }, () => new Promise<void>(resolve => {
      // A deployment may have a thousand a minute.
      const to = [deploymentId, '0c9d2f64-5b1e-4a37-8f02-7d6e5c4b3a21', '5a1b7c3e-8f20-4d6a-9b1e-3c4d5e6f7a80'][batch % 3]
      const socket = new WebSocket(`ws://127.0.0.1:${port}/v1?deploymentId=${to}`, { headers: { origin } })
      socket.once('open', () => { open.push(socket); resolve() })
      socket.once('unexpected-response', (_request, { statusCode }) => { refusals.push(String(statusCode)); socket.terminate() })
      socket.once('error', () => resolve())
    })))
  }
  const counts = [...Map.groupBy(refusals, status => status)].map(([status, { length }]) => `${length} × ${status}`)
  return { outcome: [`${open.length} are open`, ...counts].join(', '), release: () => { for (const socket of open) socket.terminate() } }
}

async function openDesks (port: number) {
  const headers = ['accept: text/event-stream']
  const { release } = await requestWithoutReading(port, Array.from({ length: 300 }, () => ['/desk/events', ...headers]))
  const guest = await openGuest(port)
  for (let said = 0; said < 40; said++) if ((await guest.say('x'.repeat(4000))).code === 429) await pause(1_000)
  return { outcome: '40 messages of 4 KB were said', release }
}

async function openGuest (port: number): Promise<Guest> {
  const guest = await connect(`http://127.0.0.1:${port}`, { deploymentId, origin })
  await guest.request('configureSession')
  return guest
}

async function guestWithUrl (port: number): Promise<{ guest: Guest, url: string | undefined }> {
  const guest = await openGuest(port)
  const frame: GuestFrame = await guest.request('onAttachment', { fileName: 'noise.png', fileType: 'image/png', fileSize: file.length })
  const { url } = frame.body as { url?: string }
  if (url === undefined) return { guest, url }
  const { pathname, search } = new URL(url)
  return { guest, url: `http://127.0.0.1:${port}${pathname}${search}` }
}

// As far as anybody looks at it, an image.
const file = Buffer.alloc(10 * MB, Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'))

const put = (url: string) =>
  fetch(url, { method: 'PUT', headers: { 'content-type': 'image/png' }, body: file })
    .then(({ status }) => String(status), () => 'cut')
