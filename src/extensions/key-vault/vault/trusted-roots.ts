import { readFileSync, statSync } from 'node:fs'
import { Agent } from 'node:https'
import { createSecureContext } from 'node:tls'

/** Where distributions keep what they trust, in one file; Node looks at none of them by itself. */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
]

const connectionsEach = 8

/**
 * Connections that trust what the machine trusts now: an authority that is added later is trusted from then on. Where
 * there is no such file, what Node brings along holds.
 */
export function systemAgent(files: readonly string[] = bundles): () => Agent {
  let made: { readonly mark: string; readonly agent: Agent } | undefined
  return () => {
    const found = files.map(file => ({ file, changedMs: changedMs(file) })).find(one => one.changedMs !== undefined)
    const mark = `${found?.file} ${found?.changedMs}`
    if (made?.mark !== mark) {
      made?.agent.destroy()
      const trust = found ? { ca: readFileSync(found.file) } : {}
      const secureContext = createSecureContext({ minVersion: 'TLSv1.2', ...trust })
      made = {
        mark,
        // Made once: reading a hundred and more authorities takes longer than all the rest of a connection.
        agent: new Agent({ keepAlive: true, maxSockets: connectionsEach, secureContext }),
      }
    }
    return made.agent
  }
}

function changedMs(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs
}
