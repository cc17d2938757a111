import type { Lesson } from './lesson.ts'
import { honestSignIn } from './catalogue/00-honest-sign-in.ts'
import { theCodeIsNotTheKey } from './catalogue/01-the-code-is-not-the-key.ts'
import { aCodeWorksOnce } from './catalogue/02-a-code-works-once.ts'
import { whereTheCodeMayGo } from './catalogue/03-where-the-code-may-go.ts'
import { whoseCode } from './catalogue/04-whose-code.ts'
import { state } from './catalogue/05-state.ts'
import { whichSignIn } from './catalogue/06-which-sign-in.ts'
import { whichAlgorithm } from './catalogue/07-which-algorithm.ts'
import { whoseSignature } from './catalogue/08-whose-signature.ts'
import { forWhom } from './catalogue/09-for-whom.ts'
import { whoHasAnswered } from './catalogue/10-who-has-answered.ts'
import { untilWhen } from './catalogue/11-until-when.ts'
import { keysChange } from './catalogue/12-keys-change.ts'
import { userinfoIsNoProof } from './catalogue/13-userinfo-is-no-proof.ts'
import { anEmailIsNotAPerson } from './catalogue/14-an-email-is-not-a-person.ts'
import { backToWhere } from './catalogue/15-back-to-where.ts'
import { aNewSessionId } from './catalogue/16-a-new-session-id.ts'
import { refreshTokensRotate } from './catalogue/17-refresh-tokens-rotate.ts'
import { signedOutByWhom } from './catalogue/18-signed-out-by-whom.ts'
import { theSecondCode } from './catalogue/19-the-second-code.ts'
import { tokensOnThePage } from './catalogue/20-tokens-on-the-page.ts'

/** All lessons, in the order of the path through them. */
export const lessons: Lesson[] = [
  honestSignIn,
  theCodeIsNotTheKey,
  aCodeWorksOnce,
  whereTheCodeMayGo,
  whoseCode,
  state,
  whichSignIn,
  whichAlgorithm,
  whoseSignature,
  forWhom,
  whoHasAnswered,
  untilWhen,
  keysChange,
  userinfoIsNoProof,
  anEmailIsNotAPerson,
  backToWhere,
  aNewSessionId,
  refreshTokensRotate,
  signedOutByWhom,
  theSecondCode,
  tokensOnThePage
]

/** What the rules of the provider ask that lessons break, for whoever has to choose among them. */
export const ruleTitles: Record<string, string> = {
  'client-authentication-missing': 'Does the client show its secret?',
  'code-verifier-missing': 'Does a code verifier come along with the code?',
  'code-verifier-wrong': 'Is it the code verifier of this code?',
  'code-replayed': 'Was this code redeemed before?',
  'redirect-uri-not-registered': 'Is the answer to go to an address of the client’s?',
  'pkce-missing': 'Is there a code challenge?',
  'refresh-token-reused': 'Was this refresh token used before?'
}

/** Names of these rules. */
export const rulesOfLessons: string[] = [...new Set(lessons.flatMap(({ weakness }) => weakness.rules ?? []))]
