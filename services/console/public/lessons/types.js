/**
 * @typedef {{ name: string, says: string, done: boolean }} Step
 * @typedef {{ name: string, by: 'mallory' | 'alice', says: string, opens?: string }} Move
 * @typedef {{
 *   id: string, lesson: number, realm: string, issuer: string, home: string, lair: string, broken: boolean, mended: string[], edits: boolean,
 *   loot: { what: string, value: string }[], log: string[], steps: Step[], moves: Move[], curl: { break: string[], mend: string[] }
 * }} AttemptView
 * @typedef {{ ok: boolean, says: string, realm: string }} Outcome
 * @typedef {{ proven: boolean, honest: Outcome, attack: Outcome, variants: (Outcome & { holds: string, fails: string })[], others: (Outcome & { lesson: number, title: string })[] }} Proof
 */
export {}
