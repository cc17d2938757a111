/**
 * Places: no more than so many do something at once, and whoever comes then waits for their turn, in the order in which they came.
 *
 * They are for one process.
 *
 * @returns does something once there is a place
 */
export function createPlaces (count: number) {
  const waiting: (() => void)[] = []
  let free = count

  return async <T>(act: () => Promise<T>): Promise<T> => {
    // Whoever leaves hands their place on: it is free for nobody else in between.
    if (free === 0) await new Promise<void>(resolve => { waiting.push(resolve) })
    else free--
    try {
      return await act()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}
