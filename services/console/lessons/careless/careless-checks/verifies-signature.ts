import type { SignedToken } from '../signatures.ts'

/** It could be decoded, so it is a token. */
export async function verifiesSignature (_token: SignedToken): Promise<void> {}
