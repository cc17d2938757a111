/** @param {number | undefined} bytes */
export function formatSize (bytes) {
  if (bytes === undefined) return ''
  const [unit, value] = bytes < 1000 ? ['byte', bytes] : bytes < 1e6 ? ['kilobyte', bytes / 1000] : ['megabyte', bytes / 1e6]
  const options = { style: /** @type {const} */ ('unit'), unit, maximumFractionDigits: value < 10 ? 1 : 0 }
  return new Intl.NumberFormat(undefined, options).format(value)
}
