/** Do the same with each item, with no more than so many at a time. */
export async function inBatches<T, R> (items: readonly T[], size: number, act: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let start = 0; start < items.length; start += size) {
    results.push(...await Promise.all(items.slice(start, start + size).map((item, index) => act(item, start + index))))
  }
  return results
}
