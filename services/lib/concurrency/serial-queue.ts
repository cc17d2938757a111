/**
 * Serial queues: what is done to the same thing happens one after the other, in the order in which it was asked for. What fails is
 * told to who has asked for it, and the next goes on.
 *
 * They are for one process; what several must not do at once takes a lease.
 *
 * @returns does something in the queue of a key, which is there for as long as somebody is in it
 */
export function createSerialQueues () {
  const last = new Map<string, Promise<unknown>>()

  return async <T>(key: string, act: () => Promise<T>): Promise<T> => {
    const turn = (last.get(key) ?? Promise.resolve()).then(act, act)
    last.set(key, turn)
    try {
      return await turn
    } finally {
      if (last.get(key) === turn) last.delete(key)
    }
  }
}

/** One serial queue: as `createSerialQueues`, where there is but one thing. */
export function createSerialQueue () {
  const inTurn = createSerialQueues()
  return <T>(act: () => Promise<T>): Promise<T> => inTurn('', act)
}
