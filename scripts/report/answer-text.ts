const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

/** What was sent by others, on one line, without what a terminal would take for a command, and not too long. */
export function quote (text: string, longest = 240): string {
  const line = text.replaceAll(/[\p{C}\s]+/gu, ' ').trim()
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line
}

/** The words of a page, as far as they can be told without a browser. */
export function wordsOf (html: string, longest?: number): string {
  // Entra ID has its errors in a script, for which its page is an empty one.
  const entra = /AADSTS\d+[^"<\\]*/.exec(html)
  if (entra) return quote(entra[0], longest)
  const text = html
    .replaceAll(/<(script|style|svg|head)\b[^]*?<\/\1\s*>/gi, ' ')
    .replaceAll(/<!--[^]*?-->|<[^>]*>/g, ' ')
    .replaceAll(/&(\w+|#\d+);/g, (entity, name: string) =>
      name.startsWith('#') ? String.fromCodePoint(Math.min(Number(name.slice(1)), 0xffff)) : entities[name] ?? entity)
  return quote(text, longest)
}

/** An object of JSON, or nothing. */
export function objectIn (text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : undefined
  } catch {
    return undefined
  }
}

/** An error as the protocol tells it, with its description where there is one. */
export function errorIn (parameters: Record<string, unknown>): string {
  return quote(['error', 'error_description'].map(name => parameters[name]).filter(value => typeof value === 'string').join(': '))
}
