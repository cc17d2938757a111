/** @typedef {boolean | string[]} Permissive as the control API says of a client: off all rules, off none, or off these alone */

/**
 * Whether a client is let off anything.
 * @param {{ permissive: Permissive }} client
 */
export const isPermissive = ({ permissive }) => typeof permissive === 'boolean' ? permissive : permissive.length > 0

/**
 * What is let pass for a client that is permissive.
 * @param {{ permissive: Permissive }} client
 */
export const letPassInWords = ({ permissive }) =>
  typeof permissive === 'boolean' ? 'what strictness refuses is let pass' : `let off ${permissive.join(', ')} alone`
