import { core, type MessageCheck } from '../check.ts'

export const publishedKeys: MessageCheck = {
  name: 'published-keys',
  by: 'relying party',
  endpoint: 'jwks',
  demands: 'Without a key there is no signature that can be checked, and nobody is signed in.',
  specification: core('10.1', 'Signing'),
  examine ({ status, answer }) {
    if (status !== 200 || answer['keys'] === undefined) return undefined
    const isEmpty = answer['keys'] === '[]'
    return { ok: !isEmpty, expected: 'a key', found: isEmpty ? 'none' : 'keys' }
  }
}
