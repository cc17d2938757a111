import { createHmac, timingSafeEqual } from 'node:crypto'

const stepMs = 30_000
const digits = 6
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The time step that a code belongs to; by default that of now. */
export const stepAt = (timeMs = Date.now()): number => Math.floor(timeMs / stepMs)

/** Seconds until the code of now is replaced by the next. */
export const secondsToNextStep = (): number => Math.ceil((stepMs - Date.now() % stepMs) / 1000)

/**
 * The code that an authenticator app shows.
 *
 * @param secret in Base32, as apps take it
 * @see https://www.rfc-editor.org/rfc/rfc6238#section-4
 */
export function codeOf (secret: string, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const hash = createHmac('sha1', decodeBase32(secret)).update(counter).digest()
  // Dynamic truncation: https://www.rfc-editor.org/rfc/rfc4226#section-5.3
  const offset = hash.at(-1)! & 0xf
  return String((hash.readUInt32BE(offset) & 0x7fff_ffff) % 10 ** digits).padStart(digits, '0')
}

/**
 * The step whose code this is: that of now or a neighbour, since clocks differ and typing takes a moment.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6238#section-5.2
 */
export function stepOf (secret: string, code: string): number | undefined {
  const now = stepAt()
  return [now, now - 1, now + 1].find(step => {
    const [right, given] = [Buffer.from(codeOf(secret, step)), Buffer.from(code)]
    return right.length === given.length && timingSafeEqual(right, given)
  })
}

/**
 * What an authenticator app reads, as a link or in a QR code.
 *
 * @see https://www.ietf.org/archive/id/draft-linuxgemini-otpauth-uri-02.html
 */
export const otpauthUri = (issuer: string, account: string, secret: string): string =>
  `otpauth://totp/${[issuer, account].map(encodeURIComponent).join(':')}?secret=${secret}&issuer=${encodeURIComponent(issuer)}`

function decodeBase32 (text: string): Buffer {
  const bits = [...text].map(letter => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('')
  return Buffer.from(bits.match(/.{8}/g)!.map(byte => Number.parseInt(byte, 2)))
}
