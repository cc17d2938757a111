import { omniauth } from './omniauth.ts'
import { tryRelyingParty } from './trial.ts'

await tryRelyingParty(omniauth)
