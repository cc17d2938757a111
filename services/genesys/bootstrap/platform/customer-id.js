import { randomUUID } from './random-uuid.js'

/** @import { LabelledStorage } from './labelled-storage.js' */

// Genesys Journey's customer id, kept by the browser for a year.
export const CUSTOMER_ID = 'actmu'

/**
 * By what this browser is known, from its first visit or its last sign-out on.
 * @param {LabelledStorage} storage
 */
export function customerIdOf (storage) {
  const id = storage.get(CUSTOMER_ID) ?? randomUUID()
  storage.set(CUSTOMER_ID, id)
  return id
}
