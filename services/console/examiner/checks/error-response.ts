import { compare, core, textOf, type SignInCheck } from '../check.ts'

// An application may try once more after these; nobody is signed in by them either.
const mayBeTriedAgain = new Set([
  'server_error', 'temporarily_unavailable', 'interaction_required', 'login_required', 'account_selection_required', 'consent_required'
])

export const errorResponse: SignInCheck = {
  name: 'error-response',
  by: 'relying party',
  demands: 'An error in place of a code signs nobody in.',
  specification: core('3.1.2.6', 'AuthError'),
  examine ({ response }) {
    const error = response && textOf(response.answer['error'])
    return response && (error === undefined || !mayBeTriedAgain.has(error)) ? compare(response, undefined, error) : undefined
  }
}
