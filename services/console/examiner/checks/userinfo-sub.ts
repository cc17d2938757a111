import { compare, core, type SignInCheck } from '../check.ts'

export const userinfoSub: SignInCheck = {
  name: 'userinfo-sub',
  by: 'relying party',
  demands: 'Userinfo is about the person of the ID token: else somebody else’s profile is shown in this session.',
  specification: core('5.3.2', 'UserInfoResponse'),
  examine ({ idToken, userinfo }) {
    const answered = userinfo.findLast(({ status, answerHeaders }) => status === 200 && isJson(answerHeaders['content-type']))
    return answered && idToken?.payload.sub !== undefined ? compare(answered, idToken.payload.sub, answered.answer['sub']) : undefined
  }
}

const isJson = (type: string | string[] | undefined) => String(type).startsWith('application/json')
