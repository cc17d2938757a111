import { createPrivateKey } from 'node:crypto'
import { isIP } from 'node:net'
import { certificatesIn } from './certificates.ts'

/** Formats that a setting's schema may name, beside those of JSON Schema. */
export const settingFormats = {
  /** addresses and CIDR ranges, separated by commas or spaces */
  'address-ranges': (text: string) => listed(text).every(isAddressRange),
  /** certificates in PEM, one or more */
  certificates (text: string) {
    try {
      return certificatesIn(text).length > 0
    } catch {
      return false
    }
  },
  /** a private key: PKCS #8 in PEM, or a JWK */
  'private-key' (text: string) {
    try {
      const isJwk = text.trimStart().startsWith('{')
      return createPrivateKey(isJwk ? { key: JSON.parse(text), format: 'jwk' } : text).type === 'private'
    } catch {
      return false
    }
  }
}

/** The items of a list that is separated by commas or spaces. */
export const listed = (text: string): string[] => text.split(/[\s,]+/).filter(item => item !== '')

/** @see https://www.rfc-editor.org/rfc/rfc4632#section-3.1 */
function isAddressRange (text: string): boolean {
  const [address, prefix, ...more] = text.split('/')
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address!)] ?? 0
  // A prefix of 0 would be everybody, whom it makes no sense to trust.
  return bits > 0 && more.length === 0 && (prefix === undefined || (/^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= bits))
}
