/** The oldest Node that what the lab stands on runs on. */
export const neededNode = '22.19'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const [neededMajor = 0, neededMinor = 0] = neededNode.split('.').map(Number)

/** What is to be said to whoever has an older one. */
export const complaint = major > neededMajor || (major === neededMajor && minor >= neededMinor)
  ? undefined
  : `oidc-messenger-lab needs Node ${neededNode} or newer, and ${process.execPath} is ${process.version}: install one from https://nodejs.org.`
