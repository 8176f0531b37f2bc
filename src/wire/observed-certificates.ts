/**
 * The certificates that a machine keeps from vaults. The Key Vault extension writes the list to a file, its machine's
 * agent tells the server, and the server knows by it whom a renewal concerns. The other way, the agent pokes the
 * extension through a socket. Both are root's alone.
 */

export const observedCertificatesFile = '/var/lib/lazuli/key-vault/observed.json'
export const pokeSocket = '/run/lazuli/key-vault.socket'

/** What the agent writes to the socket, as one line of JSON; what it reads then is `ok`. */
export type Poke = { readonly changed: readonly string[] }

/** Two names of one secret are the same without regard to case; versions do not matter here. */
export const sameSecret = (a: string, b: string) => secretKey(a) === secretKey(b)
export const secretKey = (id: string) =>
  id
    .toLowerCase()
    .replace(/:443(?=\/)/, '')
    .replace(/\/+$/, '')
