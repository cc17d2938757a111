/** Lets acts on the same thing happen one after the other. */
export function createTurns () {
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

export type Turns = ReturnType<typeof createTurns>
