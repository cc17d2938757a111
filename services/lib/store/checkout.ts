import { basename } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import { keep, keepInstead } from './state-folder.ts'

/**
 * Say it where a project of Compose was another checkout's until now: to Compose, folders of the same name are one project, so
 * who starts the second gives it the containers, the image and the state of the first, without a word.
 *
 * @param stateFolder a folder that lives as long as the project's volumes
 * @param options.folder from where Compose was started; '' where that is not known
 * @param options.project what Compose calls the project
 * @see https://docs.docker.com/compose/how-tos/project-name/
 */
export async function noticeOtherCheckout (
  stateFolder: string, { folder, project }: { folder: string, project: string }, log: Pick<FastifyBaseLogger, 'warn'>
): Promise<void> {
  // From anywhere else, or with a name that was given, the folder says nothing.
  if (folder === '' || projectOf(folder) !== project) return
  const before = await keep(stateFolder, 'checkout.json', () => folder)
  if (before === folder) return
  log.warn(`containers, image and state of the project ${project} were those of ${before} until now, and are those of ${folder}: to ` +
    'Compose, folders of the same name are one project. To have both, set COMPOSE_PROJECT_NAME and other ports in a file .env of one')
  keepInstead(stateFolder, 'checkout.json', folder)
}

const projectOf = (folder: string) => basename(folder).toLowerCase().replaceAll(/[^a-z0-9_-]/g, '').replace(/^[_-]+/, '')
