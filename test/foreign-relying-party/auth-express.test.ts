import { authExpress } from './auth-express.ts'
import { tryRelyingParty } from './trial.ts'

await tryRelyingParty(authExpress)
