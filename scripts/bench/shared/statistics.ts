/** The value below which a share of the values lies. */
export function quantile (values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

/** The median; of an even number of values, the mean of the two in the middle. */
export function median (values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2
}

/** The median with the lowest and the highest value, for people. */
export function withSpread (values: readonly number[], digits: number): string {
  const format = (value: number) => value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return `${format(median(values))} (${format(Math.min(...values))}–${format(Math.max(...values))})`
}

/** Lines with their columns one below the other, the first column to the left. */
export function table (rows: readonly string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  return rows.map(row => row.map((cell, column) =>
    column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)).join('   ')).join('\n')
}
