import { customerIdOf } from '../platform/customer-id.js'
import { requestJson } from '../platform/rest-api.js'

/** @import { PluginContext } from '../platform/plugin-context.js' */

/**
 * @typedef {Record<string, string | number | boolean>} Attributes
 * @typedef {{ fieldName: string, traitName: string }[]} TraitsMapper
 *
 * @typedef {object} Tracked What an event is told with.
 * @property {string} eventName
 * @property {Attributes} attributes
 * @property {Record<string, string>} [traits]
 * @property {string} [title]
 * @property {string} [url]
 */

const TRAITS = ['givenName', 'familyName', 'email', 'cellPhone']
const ACTION_STATES = [
  'accepted', 'rejected', 'timedout', 'errored', 'ignored', 'qualified', 'offered', 'started', 'engaged', 'qualifiedOutsideSchedule',
  'offeredOutsideSchedule', 'abandoned', 'completed', 'frequencyCapReached'
]
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const EVENT_NAME = /^\w{1,100}$/
const MAX_BYTES = 2048
const MAX_CHARACTERS = 1000

// What an authorization response brings is for the page alone (RFC 6749 section 4.1.2, OpenID Connect Core 3.2.2.5).
const CREDENTIALS = ['code', 'state', 'iss', 'session_state', 'id_token', 'access_token', 'refresh_token', 'token']
const SECRET_FIELDS = 'input[type=password], input[type=hidden], input[type=file], [autocomplete^=cc-], [autocomplete=one-time-code]'
const ACTIVITY = ['pointerdown', 'pointermove', 'keydown', 'scroll', 'touchstart']

/**
 * What each command does. All of them check what they are given, and reject in words.
 * @param {PluginContext} context
 * @returns {Record<string, (data: unknown) => unknown>}
 */
export function journey (context) {
  const { config, deploymentId, storage } = context
  const base = `${config.apiEndpoint}/api/v2/journey/deployments/${encodeURIComponent(deploymentId)}`
  /** @param {Tracked} event */
  const tell = async ({ eventName, attributes, traits = {}, title = document.title, url = location.href }) => {
    const page = { url: withoutCredentials(url), title: title.slice(0, 500) }
    const createdDate = new Date().toISOString()
    await requestJson('POST', `${base}/webevents`, {
      body: { customerCookieId: customerIdOf(storage), eventName, page, attributes, traits, createdDate }, keepalive: true
    })
  }
  /** @param {object} change */
  const tellAction = async (change) => {
    await requestJson('POST', `${base}/actionevent`, { body: { sessionId: customerIdOf(storage), ...change }, keepalive: true })
  }
  return commandsOf(tell, tellAction)
}

/**
 * @param {(event: Tracked) => Promise<void>} tell
 * @param {(change: object) => Promise<void>} tellAction
 * @returns {Record<string, (data: unknown) => unknown>}
 */
function commandsOf (tell, tellAction) {
  // What nobody waits for: a page that loses an event has lost nothing of its own.
  const note = (/** @type {Tracked} */ event) => { tell(event).catch(() => {}) }
  return {
    async pageview (data) {
      const { pageTitle = document.title, pageLocation = location.href, customAttributes, traitsMapper } = fieldsOf(data)
      const title = textIn('pageTitle', pageTitle)
      const url = URL.parse(textIn('pageLocation', pageLocation), location.href)
      if (!url || !/^https?:$/.test(url.protocol)) throw new Error('pageLocation must be the URL of a page')
      const attributes = attributesIn(customAttributes)
      await tell({ eventName: 'page_viewed', title, url: url.href, attributes, traits: traitsIn(traitsMapper, attributes) })
    },

    async record (data) {
      const { eventName, customAttributes, traitsMapper } = fieldsOf(data)
      const attributes = attributesIn(customAttributes)
      await tell({ eventName: nameIn(eventName), attributes, traits: traitsIn(traitsMapper, attributes) })
    },

    formsTrack: (data) => trackForms(fieldsOf(data), note),

    trackClickEvents (data) {
      const events = listIn('clickEvents', data).map((event) => ({
        selector: selectorIn(event.selector), eventName: nameIn(event.eventName), attributes: attributesIn(event.customAttributes)
      }))
      document.addEventListener('click', ({ target }) => {
        if (!(target instanceof Element)) return
        for (const { selector, ...event } of events) if (target.closest(selector)) note(event)
      }, { capture: true })
    },

    trackIdleEvents (data) {
      for (const { eventName = 'user_idle', idleAfterSeconds } of listIn('idleEvents', data)) {
        const name = nameIn(eventName)
        const seconds = numberIn('idleAfterSeconds', idleAfterSeconds, 1, 24 * 60 * 60)
        let timer = 0
        const begin = () => {
          clearTimeout(timer)
          timer = setTimeout(() => note({ eventName: name, attributes: { idleAfterSeconds: seconds } }), seconds * 1000)
        }
        for (const sign of ACTIVITY) document.addEventListener(sign, begin, { capture: true, passive: true })
        begin()
      }
    },

    trackInViewport (data) {
      const events = listIn('inViewportEvents', data).map(({ selector, eventName = 'in_viewport' }) =>
        ({ selector: selectorIn(selector), eventName: nameIn(eventName) }))
      for (const { selector, eventName } of events) {
        const observer = new IntersectionObserver((entries) => {
          for (const { isIntersecting, target } of entries) {
            if (!isIntersecting) continue
            observer.unobserve(target)
            note({ eventName, attributes: { selector } })
          }
        })
        for (const element of document.querySelectorAll(selector)) observer.observe(element)
      }
    },

    trackScrollDepth (data) {
      let waiting = listIn('scrollDepthEvents', data).map(({ percentage, eventName = 'scroll_depth_reached' }) =>
        ({ percentage: numberIn('percentage', percentage, 1, 100), eventName: nameIn(eventName) }))
      const look = () => {
        const { scrollHeight } = document.documentElement
        const depth = (scrollY + innerHeight) / scrollHeight * 100
        const reached = waiting.filter(({ percentage }) => depth >= percentage)
        waiting = waiting.filter(({ percentage }) => depth < percentage)
        for (const { eventName, percentage } of reached) note({ eventName, attributes: { percentage } })
        if (waiting.length === 0) document.removeEventListener('scroll', look)
      }
      document.addEventListener('scroll', look, { passive: true })
      look()
    },

    async recordActionStateChange (data) {
      const { actionId, actionState, errorCode, errorMessage } = fieldsOf(data)
      if (!UUID.test(String(actionId))) throw new Error('actionId must be a UUID')
      if (!ACTION_STATES.includes(String(actionState))) throw new Error(`actionState must be one of ${ACTION_STATES.join(', ')}`)
      const error = {
        ...(errorCode !== undefined && { errorCode: textIn('errorCode', errorCode) }),
        ...(errorMessage !== undefined && { errorMessage: textIn('errorMessage', errorMessage) })
      }
      await tellAction({ actionId, actionState, ...error })
    }
  }
}

/**
 * Forms that are sent, and those that were begun and left.
 * @param {Record<string, unknown>} options
 * @param {(event: Tracked) => void} note
 */
function trackForms ({ selector = 'form', formName, captureFormDataOnAbandon, captureFormDataOnSubmit, customAttributes, traitsMapper }, note) {
  const chosen = selectorIn(selector)
  const name = formName === undefined ? undefined : textIn('formName', formName)
  const attributes = attributesIn(customAttributes)
  traitsIn(traitsMapper, {})
  /** @type {Set<HTMLFormElement>} */
  const begun = new Set()
  const formOf = (/** @type {EventTarget | null} */ target) => {
    const form = target instanceof Element ? target.closest('form') : null
    return form?.matches(chosen) ? form : undefined
  }
  /**
   * @param {HTMLFormElement} form
   * @param {string} eventName
   * @param {unknown} captures
   */
  const tell = (form, eventName, captures) => {
    const data = dataIn(form)
    const label = name ?? (form.getAttribute('name') || form.id || 'form')
    note({
      eventName,
      attributes: { ...(captures === true && data), ...attributes, formName: label },
      traits: traitsIn(traitsMapper, data)
    })
  }
  document.addEventListener('input', ({ target }) => {
    const form = formOf(target)
    if (form) begun.add(form)
  }, { capture: true })
  document.addEventListener('submit', ({ target }) => {
    const form = formOf(target)
    if (!form) return
    begun.delete(form)
    tell(form, 'form_submitted', captureFormDataOnSubmit)
  }, { capture: true })
  window.addEventListener('pagehide', () => {
    for (const form of begun) tell(form, 'form_abandoned', captureFormDataOnAbandon)
    begun.clear()
  })
}

/**
 * What was written into a form, without what is secret.
 * @param {HTMLFormElement} form
 * @returns {Attributes}
 */
function dataIn (form) {
  /** @type {Attributes} */
  const data = {}
  for (const field of form.elements) {
    if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement)) continue
    const isChosen = !(field instanceof HTMLInputElement && /^(checkbox|radio)$/.test(field.type)) || field.checked
    if (field.name && field.value && isChosen && !field.matches(SECRET_FIELDS)) data[field.name] = field.value.slice(0, 200)
    if (Object.keys(data).length === 20) break
  }
  return data
}

/** @param {string} url */
function withoutCredentials (url) {
  const page = new URL(url)
  page.username = page.password = ''
  for (const name of CREDENTIALS) page.searchParams.delete(name)
  // In the implicit flow they come in the fragment.
  if (CREDENTIALS.some((name) => page.hash.includes(`${name}=`))) page.hash = ''
  return page.href.slice(0, 2000)
}

/** @param {unknown} data */
function fieldsOf (data) {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw new Error('The options must be an object')
  return /** @type {Record<string, unknown>} */ (data)
}

/**
 * @param {string} name
 * @param {unknown} data
 */
function listIn (name, data) {
  const list = fieldsOf(data)[name]
  if (!Array.isArray(list) || list.length === 0) throw new Error(`${name} must be a list with an entry at least`)
  return list.map(fieldsOf)
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function textIn (name, value) {
  if (typeof value !== 'string' || value.length > MAX_CHARACTERS * 2) throw new Error(`${name} must be a text`)
  return value
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {number} least
 * @param {number} most
 */
function numberIn (name, value, least, most) {
  if (typeof value !== 'number' || !(value >= least && value <= most)) throw new Error(`${name} must be a number from ${least} to ${most}`)
  return value
}

/** @param {unknown} eventName */
function nameIn (eventName) {
  if (typeof eventName !== 'string' || !EVENT_NAME.test(eventName)) {
    throw new Error('eventName must be of letters, digits and underscores, as order_completed')
  }
  return eventName
}

/** @param {unknown} selector */
function selectorIn (selector) {
  if (typeof selector === 'string') {
    try {
      document.createDocumentFragment().querySelector(selector)
      return selector
    } catch { /* said below, as for all that is none */ }
  }
  throw new Error('selector must be a CSS selector')
}

/**
 * @param {unknown} attributes
 * @returns {Attributes}
 */
function attributesIn (attributes = {}) {
  const fields = typeof attributes === 'object' && attributes !== null && !Array.isArray(attributes) ? Object.entries(attributes) : undefined
  if (!fields?.every(([, value]) => ['string', 'number', 'boolean'].includes(typeof value) && String(value).length <= MAX_CHARACTERS)) {
    throw new Error('customAttributes must be an object of texts, numbers, true and false')
  }
  if (new TextEncoder().encode(JSON.stringify(attributes)).length > MAX_BYTES || fields.length > 30) {
    throw new Error(`customAttributes must not be over ${MAX_BYTES} bytes, nor more than 30`)
  }
  return Object.fromEntries(fields)
}

/**
 * @param {unknown} mapper
 * @param {Attributes} attributes Where the fields are.
 */
function traitsIn (mapper, attributes) {
  const pairs = /** @type {Partial<TraitsMapper[number]>[]} */ (mapper ?? [])
  if (!Array.isArray(pairs) || !pairs.every((pair) => typeof pair?.fieldName === 'string' && TRAITS.includes(String(pair.traitName)))) {
    throw new Error(`traitsMapper must be a list of {fieldName, traitName}, where traitName is one of ${TRAITS.join(', ')}`)
  }
  return Object.fromEntries(pairs.flatMap(({ fieldName = '', traitName = '' }) => {
    const value = Object.hasOwn(attributes, fieldName) ? String(attributes[fieldName]).slice(0, 200) : ''
    return value ? [[traitName, value]] : []
  }))
}
