import type { GuestFrame, GuestSocket } from './guest-socket.ts'
import { Hearing } from './hearing.ts'

/** How long something is waited for. */
export interface Patience {
  /** seconds, 5 where left out */
  within?: number
}

/** What of a message on the wire is of interest here. */
interface Message {
  id?: string
  direction?: string
  text?: string
  channel?: { from?: { nickname?: string } }
}

/** Who joins, and what writes down what was exchanged when something is waited for in vain. */
interface Joining {
  username: string | undefined
  note: (expected: string) => Promise<string>
}

const messageIn = ({ body }: GuestFrame) => (typeof body === 'object' && body !== null ? body : {}) as Message

/** Somebody in the chat, over a WebSocket as the Messenger's script has it. */
export class Guest {
  /** who has signed in; nothing of an anonymous guest */
  readonly username: string | undefined
  readonly #socket: GuestSocket
  readonly #joinId: string
  readonly #hearing: Hearing

  private constructor (socket: GuestSocket, { joinId, username, note }: { joinId: string } & Joining) {
    this.username = username
    this.#socket = socket
    this.#joinId = joinId
    this.#hearing = new Hearing(username ?? 'An anonymous guest', () => socket.unread.map(messageIn).flatMap(({ id, direction, text, channel }) =>
      direction === 'Outbound' && id !== undefined && text !== undefined ? [{ id, text, from: channel?.from?.nickname ?? 'agent' }] : []), note)
  }

  /**
   * Join on a socket whose session is configured.
   *
   * @internal
   */
  static async join (socket: GuestSocket, joining: Joining): Promise<Guest> {
    const join = { message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Join' } }] } }
    return new Guest(socket, { joinId: (await answered(socket, 'onMessage', join)).id!, ...joining })
  }

  /**
   * By which message the desk knows the conversation as that of this guest.
   *
   * @internal
   */
  get joinId (): string {
    return this.#joinId
  }

  /**
   * Send a text.
   *
   * @throws {Error} where it is refused
   */
  async says (text: string): Promise<void> {
    await answered(this.#socket, 'onMessage', { message: { type: 'Text', text } })
  }

  /**
   * Wait until the other side says something, which is heard once.
   *
   * @param wanted the whole text, or a pattern
   * @returns what was said
   * @throws {Error} which tells what was said instead
   */
  hears (wanted: string | RegExp, { within = 5 }: Patience = {}): Promise<string> {
    return this.#hearing.hear(wanted, within)
  }

  /** Close the connection, as by leaving the page. */
  async leaves (): Promise<void> {
    if (!this.#socket.isClosed) await this.#socket.close()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.leaves()
  }
}

/** What comes of a request. */
async function answered (socket: GuestSocket, action: string, fields: object): Promise<Message> {
  const frame = await socket.request(action, fields)
  if (frame.code !== 200) throw new Error(`The guest's ${action} was refused with ${frame.code}: ${JSON.stringify(frame.body)}`)
  return messageIn(frame)
}
