const units = /** @type {const} */ ([['d', 86_400], ['h', 3_600], ['min', 60], ['s', 1]])

/**
 * How far a clock is from that of the system, in words.
 * @param {number} offsetSeconds
 */
export function aheadInWords (offsetSeconds) {
  let rest = Math.round(Math.abs(offsetSeconds))
  const parts = units.flatMap(([name, seconds]) => {
    const count = Math.floor(rest / seconds)
    rest -= count * seconds
    return count === 0 ? [] : [`${count} ${name}`]
  })
  return `${parts.join(' ')} ${offsetSeconds < 0 ? 'behind' : 'ahead'}`
}
