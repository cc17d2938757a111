/** @import { SessionResponse } from './types.js' */
/** @import { FileDescription } from './uploads.js' */

// Codes as in `ErrorCode` of Genesys' mobile SDK and in its agent's scripts (4102); the texts are our choice.
const FILE_TYPE = 4001
const FILE_SIZE = 4002
const EMPTY_FILE = 4102

/**
 * What the service would refuse about a file, before anything of it is sent.
 * @param {FileDescription} file
 * @param {SessionResponse | undefined} session
 * @returns {{ errorCode: number, errorMessage: string } | undefined}
 */
export function allowedFile ({ fileName, fileType, fileSize }, session) {
  const { fileTypes = [], maxFileSizeKB = 0 } = session?.allowedMedia?.inbound ?? {}
  const extension = /\.[^.]*$/.exec(fileName)?.[0].toLowerCase()
  if (fileTypes.length === 0) return refuse(FILE_TYPE, 'Files cannot be sent in this conversation')
  if (extension && session?.blockedExtensions?.some((blocked) => blocked.toLowerCase() === extension)) {
    return refuse(FILE_TYPE, `Files that end in ${extension} cannot be sent`)
  }
  if (!fileTypes.some(({ type }) => matches(type, fileType))) return refuse(FILE_TYPE, `Files of type ${fileType || 'unknown'} cannot be sent`)
  if (fileSize === 0) return refuse(EMPTY_FILE, 'The file is empty')
  return fileSize > maxFileSizeKB * 1024 ? refuse(FILE_SIZE, `The file is larger than ${maxFileSizeKB} KB`) : undefined
}

/**
 * @param {number} errorCode
 * @param {string} errorMessage
 */
function refuse (errorCode, errorMessage) {
  return { errorCode, errorMessage }
}

/**
 * @param {string} allowed Either part may be an asterisk.
 * @param {string} type
 */
function matches (allowed, type) {
  const [category, subtype] = allowed.toLowerCase().split('/')
  const [ownCategory, ownSubtype] = type.toLowerCase().split('/')
  return (category === '*' || category === ownCategory) && (subtype === '*' || subtype === ownSubtype)
}
