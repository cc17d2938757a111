/**
 * Does something once no other tab of this origin is at it any more. Pages that are not of a secure context have no locks, and do not wait.
 * @template Result
 * @param {string} name
 * @param {() => Promise<Result>} task
 * @returns {Promise<Result>}
 */
export async function inTurn (name, task) {
  return 'locks' in navigator ? await navigator.locks.request(name, task) : await task()
}
