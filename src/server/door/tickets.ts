import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * User name and password of a proxy address: they say for which machine or identity the metadata address answers.
 * The password proves that somebody who may act as it has asked for the address. Valid for as long as the data
 * directory: it opens nothing that reading the directory would not.
 */
export type Tickets = {
  for(resourceId: string): { username: string; password: string }
  /** The resource id behind a user name; undefined when the password does not fit. */
  read(username: string, password: string): string | undefined
}

export function openTickets(key: Uint8Array): Tickets {
  const passwordOf = (resourceId: string) => createHmac('sha256', key).update(resourceId.toLowerCase()).digest()
  return {
    for: resourceId => ({
      username: Buffer.from(resourceId).toString('base64url'),
      password: passwordOf(resourceId).toString('base64url'),
    }),
    read(username, password) {
      const resourceId = Buffer.from(username, 'base64url').toString()
      const expected = passwordOf(resourceId)
      const given = Buffer.from(password, 'base64url')
      return given.length === expected.length && timingSafeEqual(given, expected) ? resourceId : undefined
    },
  }
}
