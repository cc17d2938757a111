// What the kit's examination finds of each library beside openid-client 5, which test/kit has.
import t from 'tap'
import { authExpress } from './auth-express.ts'
import { authlib } from './authlib.ts'
import { startExaminations } from './examination.ts'
import { expressOpenIdConnect, expressOpenIdConnectWithChecks } from './express-openid-connect.ts'
import { omniauth } from './omniauth.ts'
import { passportOpenIdConnect } from './passport-openidconnect.ts'

const { findsWhatIsKnown } = await startExaminations(t)

findsWhatIsKnown(expressOpenIdConnect)
findsWhatIsKnown(expressOpenIdConnectWithChecks, { asksAgain: ['jwks-empty'] })
findsWhatIsKnown(passportOpenIdConnect)
findsWhatIsKnown(authExpress, {
  // By a form of the library's own page.
  begin: async (origin, browser) => {
    const { csrfToken } = JSON.parse((await browser.request(`${origin}/auth/csrf`)).text)
    return browser.open(`${origin}/auth/signin/lab`, { form: { csrfToken, callbackUrl: `${origin}/` } })
  }
})
findsWhatIsKnown(authlib, { asksAgain: ['jwks-empty'] })
findsWhatIsKnown(omniauth, { asksAgain: ['token-endpoint-timeout', 'jwks-unreachable'] })
