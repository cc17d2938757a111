import { passportOpenIdConnect } from './passport-openidconnect.ts'
import { tryRelyingParty } from './trial.ts'

await tryRelyingParty(passportOpenIdConnect)
