// Edge and Opera also call themselves Chrome, and all of these call themselves Safari: the first that matches is meant.
const browsers = /** @type {const} */ ([
  [/\bEdg(A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/(Chrome|Chromium|CriOS)\//, 'Chrome'],
  [/\bVersion\/\S+ .*\bSafari\//, 'Safari']
])

// Android also calls itself Linux, and an iPhone says that it is like Mac OS X.
const systems = /** @type {const} */ ([
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux']
])

/**
 * A browser in words that its owner knows it by, as far as it says what it is.
 * @param {string} userAgent
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.1.5
 */
export function describeDevice (userAgent) {
  const browser = nameIn(browsers, userAgent) ?? 'A browser'
  const system = nameIn(systems, userAgent)
  return system ? `${browser} on ${system}` : browser
}

/**
 * @param {ReadonlyArray<readonly [RegExp, string]>} names
 * @param {string} userAgent
 */
function nameIn (names, userAgent) {
  return names.find(([pattern]) => pattern.test(userAgent))?.[1]
}
