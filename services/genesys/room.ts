import { guestErrors } from './guest/frames.ts'

// Anybody can be an anonymous guest, as often as they like. What they cannot fill is left to those who have signed in.
const anonymousShare = 0.5

/**
 * A bulkhead: how much of the disk conversations and files may take, all together, whoever they are of. What becomes old makes
 * room again. That there is such a bound, and how it is said, is our choice.
 *
 * @param options.used bytes that are taken now
 */
export function createRoom ({ capacityBytes, used }: { capacityBytes: number, used: () => number }) {
  return {
    /**
     * @param anonymous whether it is for a guest who has not signed in
     * @param bytes how much, as far as it is known and not counted yet
     * @throws {GuestError} 400
     */
    check (anonymous: boolean, bytes = 0): void {
      const limit = anonymous ? capacityBytes * anonymousShare : capacityBytes
      if (used() + bytes > limit) throw guestErrors.noRoom()
    }
  }
}

export type Room = ReturnType<typeof createRoom>
