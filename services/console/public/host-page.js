import { element } from './elements.js'

/** @typedef {{ brand: string, brands: { name: string, title: string }[], deployment: string, deployments: string[], services?: Record<string, string> }} HostPage */

const everyMs = 5_000

/** Which brand and deployment people see from the next page on; shown anew while somebody looks, as others may switch it. */
export class HostPageSwitch {
  #brand = element('select', { name: 'brand' })
  #deployment = element('select', { name: 'deployment' })
  #back = element('button', { type: 'button' }, 'As the settings say')
  #command = element('pre', { tabindex: '0', 'aria-label': 'Command' })
  #said = element('p', { class: 'came-of-it', role: 'status' })
  /** Calls under way: what is asked for meanwhile may be older than what they bring. */
  #busy = 0

  /** @param {HTMLElement} place */
  constructor (place) {
    place.append(
      element('label', {}, 'Brand ', this.#brand), element('label', {}, 'Deployment ', this.#deployment), this.#back,
      element('details', {}, element('summary', {}, 'curl'), this.#command), this.#said)
    this.#brand.addEventListener('change', () => this.#call('PATCH', { brand: this.#brand.value }))
    this.#deployment.addEventListener('change', () => this.#call('PATCH', { deployment: this.#deployment.value }))
    this.#back.addEventListener('click', () => this.#call('DELETE'))
  }

  start () {
    const again = () => { this.#load().finally(() => setTimeout(again, everyMs)) }
    again()
  }

  async #load () {
    if (document.hidden || this.#busy > 0) return
    try {
      const response = await fetch('host-page')
      const answer = await response.json()
      if (this.#busy > 0) return
      if (response.ok) this.#show(answer)
      else this.#said.textContent = answer.error_description
    } catch {
      this.#said.textContent = 'The console does not answer.'
    }
  }

  /**
   * @param {'PATCH' | 'DELETE'} method
   * @param {object} [body]
   */
  async #call (method, body) {
    this.#busy++
    try {
      const response = await fetch('host-page', { method, ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }) })
      const answer = await response.json()
      if (answer.brand !== undefined) this.#show(answer)
      this.#said.textContent = response.ok ? sentenceOf(answer) : answer.error_description
    } catch {
      this.#said.textContent = 'The console does not answer: nothing was switched.'
    } finally {
      this.#busy--
    }
  }

  /** @param {HostPage} hostPage */
  #show ({ brand, brands, deployment, deployments }) {
    fill(this.#brand, brands.map(({ name, title }) => [name, title]), brand)
    fill(this.#deployment, deployments.map(name => [name, name]), deployment)
    this.#command.textContent =
      `curl -X PATCH ${new URL('host-page', location.href)} -H 'content-type: application/json' -d '${JSON.stringify({ brand, deployment })}'`
  }
}

/**
 * @param {HTMLSelectElement} select
 * @param {[name: string, title: string][]} options
 * @param {string} chosen
 */
function fill (select, options, chosen) {
  // Not while nothing changes: what is open would close.
  if (options.map(([name]) => name).join() !== [...select.options].map(({ value }) => value).join()) {
    select.replaceChildren(...options.map(([name, title]) => element('option', { value: name }, title)))
  }
  if (select.value !== chosen) select.value = chosen
}

/** @param {HostPage} hostPage */
function sentenceOf ({ brand, brands, deployment, services = {} }) {
  const missed = Object.entries(services).filter(([, outcome]) => outcome !== 'switched')
  const title = brands?.find(({ name }) => name === brand)?.title
  const now = title === undefined ? '' : `${title} with the deployment ${deployment}, from the next page on. `
  if (missed.length === 0) return `${now}Switched at ${Object.keys(services).map(url => new URL(url).hostname).join(', ')}.`
  return `${now}Not everywhere: ${missed.map(([url, outcome]) => `${new URL(url).hostname} ${outcome}`).join('; ')}.`
}
