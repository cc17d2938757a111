import { RestError } from '../platform/rest-api.js'

// So long the largest file may take over a slow network.
const TRANSFER_TIMEOUT_MS = 300_000

/**
 * Sends a file to where the service wants it. By `XMLHttpRequest`, since `fetch` does not tell how much of it has been sent.
 * @param {File} file
 * @param {string} url
 * @param {object} options
 * @param {Record<string, string>} options.headers
 * @param {AbortSignal} options.signal
 * @param {(percentage: number) => void} options.progress
 * @returns {Promise<void>}
 * @throws {RestError} `status` is 0 when there was no answer.
 */
export function sendFile (file, url, { headers, signal, progress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('PUT', url)
    request.timeout = TRANSFER_TIMEOUT_MS
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    request.upload.addEventListener('progress', ({ loaded, total }) => progress(total > 0 ? Math.round(100 * loaded / total) : 0))
    request.addEventListener('load', () => {
      if (request.status < 300) resolve()
      else reject(new RestError(request.status, request.statusText, undefined))
    })
    for (const failure of ['error', 'timeout', 'abort']) request.addEventListener(failure, () => reject(new RestError(0, '', undefined)))
    signal.addEventListener('abort', () => request.abort())
    if (signal.aborted) reject(new RestError(0, '', undefined))
    else request.send(file)
  })
}

/**
 * Saves a file where the browser saves files.
 * @param {string} url
 * @param {string} name
 */
export async function saveFile (url, name) {
  const response = await fetch(url, { credentials: 'omit' })
  if (!response.ok) throw new RestError(response.status, response.statusText, undefined)
  // An address of another origin would be opened instead.
  const address = URL.createObjectURL(await response.blob())
  Object.assign(document.createElement('a'), { href: address, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(address), 0)
}
