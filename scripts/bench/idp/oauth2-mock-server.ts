// oauth2-mock-server as its README starts it.
import { OAuth2Server } from 'oauth2-mock-server'

const server = new OAuth2Server()
server.issuer.url = process.env['ISSUER']
await server.issuer.keys.generate('RS256')
await server.start(Number(process.env['PORT']), '127.0.0.1')
