import { authlib } from './authlib.ts'
import { tryRelyingParty } from './trial.ts'

await tryRelyingParty(authlib)
