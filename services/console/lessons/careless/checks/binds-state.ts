import { Refused } from '../refused.ts'
import type { Transaction } from '../memory.ts'

/**
 * An answer belongs to the browser that has asked. The state alone does not tell: whoever asks first knows it, and can give
 * somebody else a link with it. So the browser has a cookie that only it knows.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-10.12
 */
export function bindsState (transaction: Transaction, browserCookie: string | undefined): void {
  if (transaction.browser !== browserCookie) {
    throw new Refused('This answer belongs to a sign-in that another browser has begun.')
  }
}
