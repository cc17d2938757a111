import { fetch } from '#lib/outbound/outbound.ts'
import type { Guest } from './guest.ts'
import type { LabDescription } from './lab.ts'

/** A message as the history has it. */
export interface KeptMessage {
  id: string
  type: string
  text?: string
  direction: string
  channel: { time: string }
  metadata?: Record<string, string>
}

const longestPage = 100

/** All of a guest's messages, oldest first, as the Messenger fetches them. */
export async function fetchHistory (lab: LabDescription, guest: Guest): Promise<KeptMessage[]> {
  const { body } = await guest.request('getJwt')
  const messages: KeptMessage[] = []
  for (let page = 1, pageCount = 1; page <= pageCount; page++) {
    const response = await fetch(`${lab.genesys}/api/v2/webmessaging/messages?pageNumber=${page}&pageSize=${longestPage}`, {
      headers: { authorization: `bearer ${(body as { jwt: string }).jwt}`, origin: lab.app }
    })
    if (!response.ok) throw new Error(`the history was answered with ${response.status}: ${await response.text()}`)
    const { entities, pageCount: count } = await response.json() as { entities: KeptMessage[], pageCount: number }
    messages.push(...entities)
    pageCount = count
  }
  return messages.reverse()
}
