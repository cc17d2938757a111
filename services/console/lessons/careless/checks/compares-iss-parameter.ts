import { Refused } from '../refused.ts'
import type { Transaction } from '../memory.ts'

/**
 * The answer comes from the provider that was asked. Else the code of one provider is taken to the other, which may be anybody’s.
 *
 * @param iss the parameter of the answer
 * @see https://www.rfc-editor.org/rfc/rfc9207#section-2.4
 */
export function comparesIssParameter (iss: string | undefined, transaction: Transaction): void {
  if (iss !== transaction.issuer) {
    throw new Refused(`The answer comes from ${iss ?? 'nobody knows whom'}, and ${transaction.issuer} was asked.`)
  }
}
