import { expressOpenIdConnect } from './express-openid-connect.ts'
import { tryRelyingParty } from './trial.ts'

await tryRelyingParty(expressOpenIdConnect)
