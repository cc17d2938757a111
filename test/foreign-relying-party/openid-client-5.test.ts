import { openIdClient5 } from './openid-client-5.ts'
import { tryRelyingParty } from './trial.ts'

await tryRelyingParty(openIdClient5)
