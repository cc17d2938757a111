import { expressOpenIdConnectWithChecks } from './express-openid-connect.ts'
import { tryRelyingParty } from './trial.ts'

await tryRelyingParty(expressOpenIdConnectWithChecks)
