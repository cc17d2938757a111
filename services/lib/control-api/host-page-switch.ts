import createError from '@fastify/error'
import { readBrandName, shippedBrands } from '../brand/brand-setting.ts'
import type { ShownBrand } from '../brand/shown-brand.ts'
import type { Logger } from '../server/http-server.ts'
import { DataFileError } from '../settings/data-file.ts'
import type { Collection, Store } from '../store/store.ts'
import { adviceOn } from '../validation/likely-names.ts'
import { Type, type Static } from '../validation/schema.ts'

const NoSuchName = createError('NO_SUCH_NAME', '%s', 400)
const Unreadable = createError('BRAND_UNREADABLE', '%s', 409)

const name = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 300, description }))
const brand = name('One of the brands that are shipped, or what the settings name.')
const deployment = name('One of LAB_DEPLOYMENTS, or `default`, the one that the settings name.')
const strict = { additionalProperties: false, minProperties: 1, examples: [{ brand: 'bank' }] }

/** What can be switched of a page that has a chat. */
export const hostPageChanges = Type.Object({ brand, deployment }, strict)

/** What can be switched of who is at the other end. */
export const agentChanges = Type.Object({ brand }, strict)

type HostPageChanges = Static<typeof hostPageChanges>

/** What every call answers. */
export const hostPageState = Type.Object({
  brand: Type.String({ description: 'the brand that is shown' }),
  brands: Type.Array(Type.Object({ name: Type.String(), title: Type.String({ description: 'how the brand calls itself' }) }), {
    description: 'those that can be shown'
  }),
  deployment: Type.Optional(Type.String({ description: 'the deployment of browsers that have not chosen one by `/?deployment=`' })),
  deployments: Type.Optional(Type.Array(Type.String()))
})

/** What the host page is, as a service answers it. */
export type HostPageState = Static<typeof hostPageState>

/** What a lab has switched of the host page while people are in it. It is kept over a restart, until it is put back. */
export class HostPageSwitch {
  readonly #kept: Collection<HostPageChanges>
  readonly #brand: ShownBrand
  readonly #deployments: string[]
  #deployment: string | undefined

  /**
   * @param options.brand what the service shows
   * @param options.deployments names of what the page can chat with, that of the settings first; none at a service that has no page
   */
  static async open (store: Store, { brand, deployments = [], log }: { brand: ShownBrand, deployments?: string[], log: Logger }): Promise<HostPageSwitch> {
    const kept = store.collection<HostPageChanges>('host-page-switch')
    const hostPage = new HostPageSwitch(kept, brand, deployments)
    const changes = await kept.get('changes')
    if (changes && Object.keys(changes).length > 0) {
      try {
        hostPage.#apply(changes)
        log.warn(`the lab has switched the host page to ${Object.values(changes).join(', ')}; DELETE /lab/host-page puts it back to the settings`)
      } catch (error) {
        // It may be a brand that was shipped once.
        log.warn(`the lab had switched the host page, which is as the settings say again: ${(error as Error).message}`)
        await kept.delete('changes')
      }
    }
    return hostPage
  }

  private constructor (kept: Collection<HostPageChanges>, brand: ShownBrand, deployments: string[]) {
    this.#kept = kept
    this.#brand = brand
    this.#deployments = deployments
    this.#deployment = deployments[0]
  }

  /** Name of the deployment that the page chats with; nothing at a service that has no page. */
  get deployment (): string | undefined {
    return this.#deployment
  }

  get #brandNames (): string[] {
    return [...new Set([this.#brand.ofSettings.named, ...shippedBrands()])]
  }

  get state (): HostPageState {
    const [usual] = this.#deployments
    return {
      brand: this.#brand.now.named,
      brands: this.#brandNames.map(name => ({ name, title: name === this.#brand.ofSettings.named ? this.#brand.ofSettings.name : readBrandName(name) })),
      ...(usual !== undefined && { deployment: this.#deployment!, deployments: this.#deployments })
    }
  }

  /** @throws 400 where there is no such name, 409 where what it names cannot be read; then nothing has changed */
  async change (changes: HostPageChanges): Promise<void> {
    this.#apply(changes)
    const { named } = this.#brand.now
    // What is as the settings say goes along with them.
    await this.#kept.set('changes', {
      ...(named !== this.#brand.ofSettings.named && { brand: named }),
      ...(this.#deployment !== this.#deployments[0] && { deployment: this.#deployment! })
    })
  }

  /** Show what another replica was told to. */
  async reload (): Promise<void> {
    const kept = { ...this.#ofSettings, ...await this.#kept.get('changes') }
    if (kept.brand !== this.#brand.now.named || kept.deployment !== this.#deployment) this.#apply(kept)
  }

  get #ofSettings (): HostPageChanges {
    const [deployment] = this.#deployments
    return { brand: this.#brand.ofSettings.named, ...(deployment !== undefined && { deployment }) }
  }

  /** As the settings say. */
  async reset (): Promise<void> {
    this.#apply(this.#ofSettings)
    await this.#kept.delete('changes')
  }

  #apply ({ brand = this.#brand.now.named, deployment = this.#deployment }: HostPageChanges): void {
    check('brand', brand, this.#brandNames)
    if (deployment !== undefined) check('deployment', deployment, this.#deployments)
    try {
      this.#brand.show(brand)
    } catch (error) {
      throw error instanceof DataFileError ? new Unreadable(error.message) : error
    }
    this.#deployment = deployment
  }
}

function check (what: string, name: string, names: string[]): void {
  if (!names.includes(name)) throw new NoSuchName(`${what}: there is no ${what} ${name}${adviceOn(name, names)}`)
}
