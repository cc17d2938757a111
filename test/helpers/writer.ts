import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { GenesysApi } from './genesys-api.ts'
import type { Guest } from './guest.ts'
import { fetchHistory, type KeptMessage } from './history.ts'
import type { LabDescription } from './lab.ts'
import { until } from './until.ts'

// Five a second are allowed.
const shortestPause = 205

/** A guest who writes as the Messenger does. */
export type Writer = Awaited<ReturnType<typeof createWriter>>

/** Writes as the Messenger does: each message once the last is acknowledged, and again only what the history has not. */
export async function createWriter (lab: LabDescription, jwt: string, progress = new EventEmitter()) {
  const api = new GenesysApi(lab)
  const texts: string[] = []
  /** ids of the echoes, by that of the message */
  const acknowledged = new Map<string, string>()
  /** what the agent has said, by the ids of the messages */
  const heard = new Map<string, string>()
  let guest = await enter(randomUUID(), true)
  const writer = { texts, acknowledged, heard, sent: 0, reconnects: 0, uncertain: 0, say, write, listen, result, leave: () => guest.close() }

  async function enter (token: string, isNew: boolean): Promise<Guest> {
    const entered = await api.connect(token)
    const { class: className, body } = await api.configure(entered, jwt)
    const { newSession } = body as { newSession?: boolean }
    if (className !== 'SessionResponse' || newSession !== isNew) throw new Error(`not let in as expected: ${JSON.stringify(body)}`)
    return entered
  }

  async function write (count: number) {
    for (let n = 1; n <= count; n++) {
      await say(`message ${n} of ${guest.token}`)
      await pause(shortestPause)
    }
  }

  async function say (text: string) {
    const id = randomUUID()
    texts.push(text)
    while (!acknowledged.has(id)) await send(id, text)
  }

  async function send (id: string, text: string) {
    if (guest.isClosed) await comeBack()
    const answer = guest.request('onMessage', { message: { type: 'Text', text, metadata: { id } } }).catch(() => undefined)
    writer.sent++
    progress.emit('change')
    const echo = await answer
    if (echo && echo.code !== 200) throw new Error(`refused: ${JSON.stringify(echo)}`)
    if (echo) {
      acknowledged.set(id, (echo.body as KeptMessage).id)
      progress.emit('change')
      return
    }
    writer.uncertain++
    const kept = (await comeBack()).find(({ metadata }) => metadata?.['id'] === id)
    if (kept) acknowledged.set(id, kept.id)
  }

  /** @returns what the history has by then */
  async function comeBack (): Promise<KeptMessage[]> {
    takeUnread()
    let kept: KeptMessage[] = []
    await until('the guest is let in again', async () => {
      guest = await enter(guest.token, false)
      kept = await fetchHistory(lab, guest)
      return true
    })
    note(kept)
    writer.reconnects++
    progress.emit('change')
    return kept
  }

  function takeUnread () {
    note(guest.takeUnread().map(({ body }) => body as KeptMessage))
  }

  function note (messages: KeptMessage[]) {
    for (const { id, direction, text } of messages) if (direction === 'Outbound' && text !== undefined) heard.set(id, text)
  }

  /** Take what has come by now, by the socket or, where that was closed, by the history. */
  async function listen () {
    if (guest.isClosed) await comeBack()
    takeUnread()
  }

  async function result () {
    const all = await fetchHistory(lab, guest).catch(comeBack)
    return { all, kept: all.filter(({ direction }) => direction === 'Inbound'), ids: new Set(acknowledged.values()) }
  }

  return writer
}
