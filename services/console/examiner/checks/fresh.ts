import { compare, core, rfc, textOf, type SignInCheck } from '../check.ts'
import type { singleUse } from '../sent-before.ts'

type Name = typeof singleUse[number]

function fresh (
  parameter: Name, description: Pick<SignInCheck, 'name' | 'demands' | 'specification'>, others: readonly Name[] = []
): SignInCheck {
  return {
    ...description,
    by: 'relying party',
    isAboutSender: true,
    examine ({ request, asked, usedBefore }) {
      if (textOf(asked[parameter]) === undefined) return undefined
      const isNew = (name: Name) => textOf(asked[name]) !== undefined && !usedBefore.has(name)
      const instead = others.filter(isNew)
      const found = isNew(parameter) ? 'a new one' : ['one that another request had', ...instead.map(name => `a new ${name}`)].join(', but ')
      return compare(request, 'a new one', found, isNew(parameter) || instead.length > 0)
    }
  }
}

// Either of the others does what the state is for, where it is new: https://www.rfc-editor.org/rfc/rfc9700#section-2.1-4
export const stateFresh = fresh('state', {
  name: 'state-fresh',
  demands: 'A state is for one request: who knows the one of before makes a browser answer a request that it never sent. PKCE or a nonce do the same.',
  specification: rfc(9700, '2.1')
}, ['code_challenge', 'nonce'])

export const nonceFresh = fresh('nonce', {
  name: 'nonce-fresh',
  demands: 'A nonce is for one request: else the ID token of another is taken for that of this one.',
  specification: core('15.5.2', 'NonceNotes')
})

export const codeChallengeFresh = fresh('code_challenge', {
  name: 'code-challenge-fresh',
  demands: 'A code verifier is for one request: else the code of another is redeemed with it.',
  specification: rfc(7636, '4.1')
})
