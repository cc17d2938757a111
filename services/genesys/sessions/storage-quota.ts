import { guestErrors } from '../protocol/guest-errors.ts'

// Anybody can be an anonymous guest, as often as they like. What they cannot fill is left to those who have signed in.
const anonymousShare = 0.5

/**
 * Quota, and bulkhead: how much of the disk conversations and files may take, all together, whoever they are of. What becomes old
 * makes room again.
 */
export class StorageQuota {
  readonly #capacityBytes: number
  readonly #usedBytes: () => number

  /** @param options.usedBytes what is taken now */
  constructor ({ capacityBytes, usedBytes }: { capacityBytes: number, usedBytes: () => number }) {
    this.#capacityBytes = capacityBytes
    this.#usedBytes = usedBytes
  }

  /**
   * @param anonymous whether it is for a guest who has not signed in
   * @param bytes how much, as far as it is known and not counted yet
   * @throws {GuestError} 400
   */
  check (anonymous: boolean, bytes = 0): void {
    const limit = anonymous ? this.#capacityBytes * anonymousShare : this.#capacityBytes
    if (this.#usedBytes() + bytes > limit) throw guestErrors.noRoom()
  }
}
