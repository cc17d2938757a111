/**
 * Does something once no other tab of this origin is at it any more. Pages that are not of a secure context have no locks, and do not wait.
 * @template Result
 * @param {string} name
 * @param {(waited: boolean) => Promise<Result>} task Is told whether another tab has just been at it.
 * @returns {Promise<Result>}
 */
export async function inTurn (name, task) {
  if (!('locks' in navigator)) return await task(false)
  const had = await navigator.locks.request(name, { ifAvailable: true }, async lock => lock ? { result: await task(false) } : undefined)
  return had ? had.result : await navigator.locks.request(name, () => task(true))
}
