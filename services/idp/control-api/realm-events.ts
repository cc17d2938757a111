import type { FastifyReply } from 'fastify'
import type { Realms } from '../realm/realms.ts'

interface RealmsEvent {
  event: 'realms'
  retry: number
  data: { resets: number, changes: number, realms: { name: string, issuer: string, ledger: string }[] }
}

const retryMs = 1_000

/**
 * Send which realms there are, and how often something was changed, as server-sent events, until the reader goes away. Each event has all of them: a reader that is slow
 * misses some that came and went, and nothing has to be kept for it.
 */
export async function sendRealms (reply: FastifyReply, realms: Realms): Promise<void> {
  let hasChanged = true
  let wake = () => {}
  const unsubscribe = realms.subscribe(() => {
    hasChanged = true
    wake()
  })
  reply.sse.onClose(() => {
    unsubscribe()
    wake()
  })
  await reply.sse.send(states())

  async function * states (): AsyncGenerator<RealmsEvent, void> {
    while (reply.sse.isConnected && !realms.closed) {
      if (hasChanged) {
        hasChanged = false
        yield { event: 'realms', retry: retryMs, data: stateOf(realms) }
      } else await new Promise<void>(resolve => { wake = resolve })
    }
  }
}

const stateOf = ({ resets, changes, all }: Realms) =>
  ({ resets, changes, realms: all.filter(({ name }) => name !== '').map(({ name, issuer, instruments }) => ({ name, issuer, ledger: instruments!.ledger.id })) })
