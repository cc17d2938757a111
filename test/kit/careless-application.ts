import { randomUUID } from 'node:crypto'
import express from 'express'
import { decodeJwt } from 'jose'
import type { Test } from 'tap'
import { inThisProcess, type Registration } from '../foreign-relying-party/application.ts'

/** What it does with an ID token that has another nonce than it has sent, which is all that it looks at. */
interface Options { withWrongNonce: 'accept' | 'begin again' | 'break' }

/** An application that signs people in without a library, and without the care that it takes. */
export const careless = (options: Options) => ({
  callbackPath: '/callback',
  metadata: { permissive: true },
  host: (t: Test) => inThisProcess(t, registration => buildApplication(registration, options))
})

function buildApplication ({ issuer, origin, clientId, clientSecret }: Registration, { withWrongNonce }: Options) {
  const redirectUri = `${origin}/callback`
  const signedIn = new Set<string>()
  let isBroken = false
  return express()
    .get('/', ({ headers: { cookie } }, response) => {
      response.type('text').send(`{"signedIn":${signedIn.has(String(cookie))}, "said": "1 &lt; 2 & 3"}`)
    })
    .get('/login', (_request, response) => {
      const nonce = randomUUID()
      response.cookie('session', nonce, { httpOnly: true })
      response.redirect(`${issuer}/auth?${new URLSearchParams({
        client_id: clientId, redirect_uri: redirectUri, response_type: 'code', scope: 'openid', state: nonce, nonce
      })}`)
    })
    .get('/callback', async ({ query, headers: { cookie } }, response) => {
      const body = new URLSearchParams({ grant_type: 'authorization_code', code: String(query['code']), redirect_uri: redirectUri })
      const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`
      const tokens = await fetch(`${issuer}/token`, { method: 'POST', headers: { authorization }, body })
      if (tokens.status !== 200 || isBroken) return response.sendStatus(502)
      const isRight = cookie === `session=${decodeJwt((await tokens.json() as { id_token: string }).id_token)['nonce']}`
      if (!isRight && withWrongNonce === 'begin again') return response.redirect('/login')
      isBroken = !isRight && withWrongNonce === 'break'
      if (isBroken) return response.sendStatus(502)
      signedIn.add(String(cookie))
      response.redirect('/')
    })
}
