/** Proxies for outbound calls, as the environment names them. */
export interface Proxies {
  /** for http; nothing where there is none */
  httpProxy: string
  /** for https */
  httpsProxy: string
  /** hosts and domains that are asked directly, with commas between */
  noProxy: string
}

// What is on this machine no proxy can reach, the lab's own names among it.
const loopback = 'localhost,127.0.0.1,::1'

/**
 * The proxies that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name, in lower case first, as most programs read them.
 *
 * @returns nothing where no proxy is named
 * @throws {Error} naming the variable that holds no URL
 */
export function proxiesFrom (env: NodeJS.ProcessEnv): Proxies | undefined {
  const read = (name: string) => env[name.toLowerCase()] || env[name] || ''
  const httpProxy = urlIn('HTTP_PROXY', read('HTTP_PROXY'))
  const httpsProxy = urlIn('HTTPS_PROXY', read('HTTPS_PROXY')) || httpProxy
  if (httpsProxy === '') return undefined
  return { httpProxy, httpsProxy, noProxy: `${read('NO_PROXY')},${loopback}` }
}

function urlIn (name: string, value: string): string {
  // Many programs take a host and a port alone.
  const url = value === '' || value.includes('://') ? value : `http://${value}`
  if (url !== '' && !/^(https?|socks5?):\/\/[^/]/.test(URL.parse(url)?.href ?? '')) throw new Error(`${name} is not the URL of a proxy`)
  return url
}
