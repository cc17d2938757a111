/** Where the parts of a lab are. */
export interface Addresses {
  /** origin of the application, which is the lab's relying party */
  app: string
  /** issuer at the root of the identity provider */
  issuer: string
  /** origin of the stand-in for Genesys Cloud's messaging */
  genesys: string
  /** origin of the console, with the live view */
  console: string
}
