const FALLBACK = '#2a60c8'
const DARK_TEXT = '#12151d'

/**
 * The deployment's primary colour with the text colour that is readable on it.
 * @param {string | undefined} wanted
 */
export function palette (wanted) {
  const primary = wanted && CSS.supports('color', wanted) ? wanted : FALLBACK
  const luminance = relativeLuminance(primary)
  const onWhite = 1.05 / (luminance + 0.05)
  return { primary, onPrimary: onWhite >= 4.5 ? '#fff' : DARK_TEXT }
}

/**
 * WCAG 2 relative luminance.
 * @param {string} colour
 */
function relativeLuminance (colour) {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  if (!canvas) return 0
  canvas.fillStyle = colour
  canvas.fillRect(0, 0, 1, 1)
  const [red, green, blue] = Array.from(canvas.getImageData(0, 0, 1, 1).data, linear)
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0)
}

/** @param {number} channel 0 to 255 */
function linear (channel) {
  const value = channel / 255
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
}
