import type { ServerResponse } from 'node:http'

/**
 * Load shedding: answers that wait for clients who do not read them take no more memory than this, all together. Who has taken
 * longest makes room; a client that reads is done in moments.
 *
 * @param capacityBytes how much may wait
 * @returns notes an answer that is about to be sent, with the bytes that it holds in memory until it is read
 */
export function boundUnread (capacityBytes: number): (response: ServerResponse, bytes: number) => void {
  // The oldest first.
  const unread = new Map<ServerResponse, number>()
  let unreadBytes = 0

  function forget (response: ServerResponse) {
    unreadBytes -= unread.get(response) ?? 0
    unread.delete(response)
  }

  return (response, bytes) => {
    if (response.destroyed) return
    forget(response)
    unread.set(response, bytes)
    unreadBytes += bytes
    response.once('close', () => forget(response))
    for (const oldest of unread.keys()) {
      if (unreadBytes <= capacityBytes || oldest === response) return
      forget(oldest)
      oldest.destroy()
    }
  }
}
