/**
 * The name that was meant by one that there is not, if only a few slips of the hand lie between them.
 * @param {string} name
 * @param {Iterable<string>} names
 * @returns {string | undefined}
 */
export function nearestName (name, names) {
  const wanted = name.toLowerCase()
  const slips = Math.min(Math.max(wanted.length / 4, 1), 4)
  const [nearest] = [...names]
    .map((other) => ({ other, distance: distanceOf(wanted, other.toLowerCase()) }))
    .filter(({ distance }) => distance <= slips)
    .sort((one, other) => one.distance - other.distance)
  return nearest?.other
}

/**
 * Levenshtein distance: how many letters to add, leave out or replace.
 * @param {string} one
 * @param {string} other
 */
function distanceOf (one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...one].entries()) {
    let diagonal = index
    row = row.reduce((/** @type {number[]} */ next, above, column) => {
      const distance = column === 0 ? index + 1 : Math.min(above + 1, (next[column - 1] ?? 0) + 1, diagonal + Number(letter !== other[column - 1]))
      diagonal = above
      return [...next, distance]
    }, [])
  }
  return row[other.length] ?? 0
}
