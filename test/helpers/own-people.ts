import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import type { Lab } from './lab.ts'

/**
 * A lab as a flow sees it that others run beside: `alice` is somebody of its own there, who is like the one of that name but
 * for the user name and the `sub`. Nobody else signs them out or chats as them.
 */
export async function withOwnPeople (t: Test, lab: Lab): Promise<Lab> {
  const { users } = createControlApiClient(lab.issuer)
  const mark = randomBytes(4).toString('hex')
  const own = new Map(await Promise.all(lab.users.map(async ({ username, sub, ...others }) =>
    [username, await users.put(`${username}-${mark}`, others)] as const)))
  t.teardown(() => Promise.all([...own.values()].map(({ username }) => users.remove(username))))
  return {
    ...lab,
    users: [...own.values()],
    user: name => own.get(name) ?? [...own.values()].find(({ username }) => username === name) ?? lab.user(name)
  }
}
