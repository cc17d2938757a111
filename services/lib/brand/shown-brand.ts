import { readBrand, type Brand } from './brand-setting.ts'

/** The brand that is shown now: that of the settings, until another is to be shown. */
export class ShownBrand {
  readonly ofSettings: Brand
  readonly #derived: ((brand: Brand) => () => void)[] = []
  #now: Brand

  constructor (ofSettings: Brand) {
    this.ofSettings = ofSettings
    this.#now = ofSettings
  }

  get now (): Brand {
    return this.#now
  }

  /**
   * What is made of the brand: now, and anew for each other one before that is shown.
   *
   * @returns gives what was made of the one that is shown
   */
  derive<T> (make: (brand: Brand) => T): () => T {
    let made = make(this.#now)
    this.#derived.push(brand => {
      const next = make(brand)
      return () => { made = next }
    })
    return () => made
  }

  /**
   * Show another brand from now on. What was sent to a browser before stays as it is.
   *
   * @param named as for `readBrand`
   * @throws {DataFileError} where it cannot be read, or nothing can be made of it; then nothing has changed
   */
  show (named: string): void {
    const brand = named === this.ofSettings.named ? this.ofSettings : readBrand(named)
    const accept = this.#derived.map(prepare => prepare(brand))
    this.#now = brand
    for (const take of accept) take()
  }
}
