const maxNames = 3

/**
 * The names that may have been meant by one that there is not, the likeliest first, three at most: those from which a few slips
 * of the hand lead to it; where there are none, those that have words in common with it.
 *
 * @param names what there is
 */
export function likelyNames (name: string, names: Iterable<string>): string[] {
  const wanted = wordsOf(name)
  const text = wanted.join('-')
  const slips = Math.min(Math.max(text.length / 3, 1), 3)
  const others = [...new Set(names)].map(other => ({ other, words: wordsOf(other) }))

  const near = others
    .filter(({ words }) => Math.abs(words.join('-').length - text.length) <= slips)
    .map(({ other, words }) => ({ other, distance: distanceOf(text, words.join('-')) }))
    .filter(({ distance }) => distance <= slips)
    .sort((a, b) => a.distance - b.distance)
  if (near.length > 0) return near.filter(({ distance }) => distance <= near[0]!.distance + 1).slice(0, maxNames).map(({ other }) => other)

  const alike = others
    .map(({ other, words }) => ({ other, words, likeness: words.reduce((sum, word) => sum + likenessOf(word, wanted), 0) }))
    .filter(({ likeness }) => likeness > 0)
    .sort((a, b) => b.likeness - a.likeness || a.words.length - b.words.length)
  return alike.filter(({ likeness }) => likeness > alike[0]!.likeness * 0.7).slice(0, maxNames).map(({ other }) => other)
}

/** What to say after “there is no such name”: the likely ones, else all if they are few, else nothing. */
export function adviceOn (name: string, names: Iterable<string>): string {
  const likely = likelyNames(name, names)
  if (likely.length > 0) return `; did you mean ${likely.join(' or ')}?`
  const all = [...names]
  if (all.length === 1) return `; there is ${all[0]} alone`
  return all.length > 0 && all.length <= 30 ? `; there are ${all.join(', ')}` : ''
}

const wordsOf = (name: string) =>
  name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase().split(/[^\p{Letter}\p{Number}@.+]+/u).filter(word => word !== '')

function likenessOf (word: string, wanted: string[]): number {
  if (wanted.includes(word)) return 1
  const isNear = (other: string) => Math.abs(word.length - other.length) <= 1 && distanceOf(word, other) === 1
  return wanted.some(other => other.length > 1 && (word.startsWith(other) || isNear(other))) ? 0.9 : 0
}

/**
 * Damerau–Levenshtein distance, as optimal string alignment: how many letters to add, leave out, replace or swap with the next.
 *
 * @see https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance#Optimal_string_alignment_distance
 */
function distanceOf (a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const replaced = rows[row - 1]![column - 1]! + Number(a[row - 1] !== b[column - 1])
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      const swapped = isSwapped ? rows[row - 2]![column - 2]! + 1 : Infinity
      current.push(Math.min(rows[row - 1]![column]! + 1, current[column - 1]! + 1, replaced, swapped))
    }
    rows.push(current)
  }
  return rows[a.length]![b.length]!
}
