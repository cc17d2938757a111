/**
 * As `crypto.randomUUID`, which only pages of a secure context have: not those of `http://192.168.…`, where a phone finds them.
 * @see https://www.rfc-editor.org/rfc/rfc9562#section-5.4
 */
export function randomUUID () {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  const hex = Array.from(bytes, (byte, index) => {
    const marked = index === 6 ? byte & 0x0f | 0x40 : index === 8 ? byte & 0x3f | 0x80 : byte
    return marked.toString(16).padStart(2, '0')
  }).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
