import { createHash } from 'node:crypto'
import type { Collection, Store } from '#lib/store/store.ts'
import { OidcError } from './oidc-error.ts'

// Longer than any identity provider lets a code live.
const rememberedSeconds = 10 * 60

/**
 * Sees to it that a code is redeemed once.
 *
 * The identity provider does too, but a strict one takes a second try for theft and ends what the first has brought
 * (RFC 6749 4.1.2): a page that hands over a code twice would sign its own user out.
 */
export class RedeemedCodes {
  readonly #redeemed: Collection<{ at: number }>

  constructor (store: Store) {
    this.#redeemed = store.collection('redeemed-code')
  }

  /** @throws {OidcError} where the code was redeemed before or is being redeemed, and what `redeem` throws */
  async once<T> (code: string, redeem: () => Promise<T>): Promise<T> {
    const id = createHash('sha256').update(code).digest('base64url')
    if (!await this.#redeemed.add(id, { at: Date.now() }, { ttl: rememberedSeconds })) {
      const { at = Date.now() } = await this.#redeemed.get(id) ?? {}
      const seconds = Math.floor((Date.now() - at) / 1000)
      throw new OidcError('invalid_grant', `the code was redeemed ${seconds} s ago, and a code works once`, {
        hint: 'Let getAuthCode fetch another code each time. The identity provider would end the tokens of the first for it.'
      })
    }
    try {
      return await redeem()
    } catch (error) {
      // It was not taken, so it is still good for a correct request.
      if (!(error instanceof OidcError && error.failure === 'invalid_response')) await this.#redeemed.delete(id)
      throw error
    }
  }
}
