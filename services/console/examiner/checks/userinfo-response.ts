import { core, type MessageCheck } from '../check.ts'

export const userinfoResponse: MessageCheck = {
  name: 'userinfo-response',
  by: 'relying party',
  endpoint: 'userinfo',
  demands: 'Userinfo comes as JSON or as a JWT, and says which.',
  specification: core('5.3.2', 'UserInfoResponse'),
  examine ({ status, answerHeaders }) {
    if (status !== 200) return undefined
    const type = String(answerHeaders['content-type']).split(';', 1)[0]!
    return { ok: ['application/json', 'application/jwt'].includes(type), expected: 'application/json or application/jwt', found: type }
  }
}
