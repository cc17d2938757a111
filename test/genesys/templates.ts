import type { Attacker } from './attacked-service.ts'

/** One good frame of each action of the guest protocol, by somebody who has a session, to start mutations from. */
export function frameTemplates (
  { token, deploymentId, jwt }: Pick<Attacker, 'token' | 'deploymentId' | 'jwt'>,
  { conversation, messageId, attachment }: { conversation: string, messageId: string, attachment: string }
): object[] {
  const frame = (action: string, fields: object = {}) => ({ action, token, tracingId: 'a-tracing-id', ...fields })
  const message = (message: object, fields: object = {}) => frame('onMessage', { message, ...fields })
  const event = (event: object) => message({ type: 'Event', events: [event] })
  const button = (choice: object) => {
    const buttonResponse = { originatingMessageId: messageId, ...choice }
    return message({ type: 'Structured', text: 'Yes', content: [{ contentType: 'ButtonResponse', buttonResponse }] })
  }
  const journeyContext = { customer: { id: messageId, idType: 'cookie' }, customerSession: { id: '', type: 'web' } }
  const channel = { metadata: { customAttributes: { colour: 'green', nested: { deep: [1, 2] } } } }

  return [
    frame('configureSession', { deploymentId, startNew: false, journeyContext }),
    frame('configureAuthenticatedSession', { deploymentId, startNew: true, data: { code: jwt }, journeyContext }),
    message({ type: 'Text', text: 'hello', metadata: { id: messageId, authenticated: 'true' }, channel }),
    message(
      { type: 'Text', text: 'hello', content: [{ contentType: 'Attachment', attachment: { id: attachment } }] },
      { channel, time: '2026-01-01T00:00:00Z' }
    ),
    event({ eventType: 'Presence', presence: { type: 'Join' } }),
    event({ eventType: 'Presence', presence: { type: 'Disconnect' } }),
    event({ eventType: 'Presence', presence: { type: 'Clear' } }),
    event({ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }),
    button({ text: 'Yes', payload: 'yes', type: 'QuickReply' }),
    button({ text: 'Book', payload: 'book', type: 'Button' }),
    button({ text: 'Noon', payload: '2026-01-01T12:00:00Z', type: 'DatePicker' }),
    button({ text: 'Noon', payload: 'noon', type: 'ListPicker' }),
    message({
      type: 'Structured',
      text: 'Form',
      content: [{
        contentType: 'Form',
        form: {
          originatingMessageId: messageId,
          response: [{ id: 'name', component: { contentType: 'ButtonResponse', buttonResponse: { type: 'Form', text: 'Ada', payload: 'Ada' } } }]
        }
      }]
    }),
    frame('echo', { message: { type: 'Text', text: 'ping', metadata: { customMessageId: messageId } } }),
    frame('getJwt'),
    frame('getConfiguration', { deploymentId }),
    frame('resumeToken'),
    frame('disconnectCustomer'),
    frame('onAttachment', {
      attachmentId: conversation, fileName: 'a.png', fileType: 'image/png', fileSize: 10, fileMd5: 'x', errorsAsJson: true
    }),
    frame('getAttachment', { attachmentId: attachment }),
    frame('deleteAttachment', { attachmentId: attachment }),
    frame('closeSession', { closeAllConnections: true })
  ]
}

/** A good request to a route, to start mutations from. */
export interface RestTemplate {
  /** method and path as Fastify names them */
  route: string
  method: string
  path: string
  query?: string
  body?: object
}

/**
 * One good request to each route of the service.
 *
 * @param attachment whose file is asked for
 * @param uploadJwt good for the attacker's own, as `downloadJwt`
 */
export function restTemplates (
  { deploymentId, refreshToken }: Pick<Attacker, 'deploymentId' | 'refreshToken'>,
  { attachment, uploadJwt, downloadJwt }: { attachment: string, uploadJwt: string, downloadJwt: string }
): RestTemplate[] {
  const api = '/api/v2/webdeployments/token'
  const oauth = {
    code: 'a-code', redirectUri: 'http://app.localhost/callback', nonce: 'a-nonce', maxAge: 60, codeVerifier: 'v'.repeat(43), iss: 'http://idp.localhost'
  }
  const deployment = '/webdeployments/v1/deployments/:deploymentId'
  const template = (route: string, rest: Omit<RestTemplate, 'route' | 'method' | 'path'> = {}): RestTemplate => {
    const [method, path] = route.split(' ') as [string, string]
    const filled = path.replace(':deploymentId', deploymentId).replace(':attachmentId', attachment).replace('*', 'genesys.min.js')
    return { route, method, path: filled, ...rest }
  }
  return [
    template('GET /livez'),
    template('GET /readyz'),
    { ...template('OPTIONS *'), path: '/api/v2/webmessaging/messages' },
    template('GET /genesys-bootstrap/*'),
    template(`GET ${deployment}/config.json`),
    template(`GET ${deployment}/domains.json`),
    template(`POST ${api}/oauthcodegrantjwtexchange`, { body: { deploymentId, oauth } }),
    template(`POST ${api}/oauthcodegrantjwtexchange`, { body: { deploymentId, oauth: { ...oauth, code: undefined, idToken: 'a.b.c' } } }),
    template(`POST ${api}/refresh`, { body: { refreshToken, deploymentId } }),
    template(`DELETE ${api}/revoke`, { body: {} }),
    template('GET /api/v2/webmessaging/messages', { query: '?pageNumber=1&pageSize=25' }),
    template('PUT /attachments/:attachmentId', { query: `?token=${uploadJwt}`, body: {} }),
    template('GET /attachments/:attachmentId', { query: `?token=${downloadJwt}` }),
    template('POST /api/v2/journey/deployments/:deploymentId/webevents', {
      body: {
        customerCookieId: attachment,
        eventName: 'page_viewed',
        page: { url: 'http://app.localhost:3000/', title: 'Tours' },
        attributes: { tour: 'moonrise' },
        traits: { email: 'ada@example.com' },
        createdDate: new Date().toISOString()
      }
    }),
    template('POST /api/v2/journey/deployments/:deploymentId/actionevent', {
      body: { sessionId: attachment, actionId: attachment, actionState: 'accepted' }
    }),
    template('GET /v1', { query: `?deploymentId=${deploymentId}&application=fuzz-1` })
  ]
}
