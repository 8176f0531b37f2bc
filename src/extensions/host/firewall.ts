/**
 * Opens ports of sshd in whatever filters packets on this machine: one rule at the top of each chain that refuses
 * anything. Nobody's rules are removed, and ours are removed only by what they are called.
 */

import {
  type Gate,
  iptablesGates,
  iptablesRule,
  nftGates,
  openingArguments,
  ownHandles,
  ufwState,
} from './firewall-rules.ts'
import { findProgram, type Run } from './run.ts'

export type Opening = { readonly gate: Gate; readonly port: number }

/** The ports that some firewall of this machine might keep closed. */
export async function closedPorts(ports: readonly number[], run: Run): Promise<number[]> {
  const missing = await missingOpenings(ports, run)
  return ports.filter(port => missing.some(opening => opening.port === port))
}

/** The rules that are missing for the ports to be open. Those that are there are not asked for again. */
export async function missingOpenings(ports: readonly number[], run: Run): Promise<Opening[]> {
  const wanted = (await findGates(run)).flatMap(gate => ports.map(port => ({ gate, port })))
  const isMissing = await Promise.all(wanted.map(async opening => !(await isOpen(opening, run))))
  return wanted.filter((_opening, index) => isMissing[index])
}

export async function open({ gate, port }: Opening, run: Run): Promise<void> {
  const args = openingArguments(gate, port)
  await run(programOf(gate), args)
  // What firewalld is told holds until it is told to read its files again; so they are told, too.
  if (gate.tool === 'firewalld') await run('firewall-cmd', ['--permanent', ...args])
}

/** Takes back what `open` did. Does nothing when it did not come to it. */
export async function close({ gate, port }: Opening, run: Run): Promise<void> {
  if (gate.tool === 'nft') {
    const { family, table, chain } = gate
    const { stdout, exitCode } = await run('nft', ['--json', '-a', 'list', 'chain', family, table, chain], {
      anyExit: true,
    })
    if (exitCode !== 0) return
    for (const handle of ownHandles(stdout.toString('utf8'), port)) {
      await run('nft', ['delete', 'rule', family, table, chain, 'handle', String(handle)])
    }
    return
  }
  if (!(await isOpen({ gate, port }, run))) return
  if (gate.tool === 'ufw') await run('ufw', ['delete', 'allow', `${port}/tcp`])
  else if (gate.tool === 'firewalld') {
    await run('firewall-cmd', [`--remove-port=${port}/tcp`])
    await run('firewall-cmd', ['--permanent', `--remove-port=${port}/tcp`])
  } else await run(gate.tool, ['-w', '-D', gate.chain, ...iptablesRule(gate.side, port)])
}

const programOf = ({ tool }: Gate) => (tool === 'firewalld' ? 'firewall-cmd' : tool)

/** firewalld and ufw are masters of the filter below them; without one, the filter itself is asked. */
async function findGates(run: Run): Promise<Gate[]> {
  const says = async (command: string, args: readonly string[]) => {
    if (!findProgram(command)) return ''
    const { exitCode, stdout } = await run(command, args, { anyExit: true })
    return exitCode === 0 ? stdout.toString('utf8') : ''
  }
  if ((await says('firewall-cmd', ['--state'])).trim() === 'running') return [{ tool: 'firewalld', side: 'in' }]
  if (ufwState(await says('ufw', ['status'])).active) return [{ tool: 'ufw', side: 'in' }]
  const byIptables = [
    ...iptablesGates('iptables', await says('iptables', ['-w', '-S'])),
    ...iptablesGates('ip6tables', await says('ip6tables', ['-w', '-S'])),
  ]
  const ruleset = await says('nft', ['--json', 'list', 'ruleset'])
  // iptables may be a front end of nftables, whose tables then show up here once more.
  const isIptablesOwn = (gate: Gate) =>
    gate.tool === 'nft' && gate.table === 'filter' && ['ip', 'ip6'].includes(gate.family)
  const byNft = (ruleset === '' ? [] : nftGates(ruleset)).filter(
    gate => byIptables.length === 0 || !isIptablesOwn(gate),
  )
  return [...byIptables, ...byNft]
}

async function isOpen({ gate, port }: Opening, run: Run): Promise<boolean> {
  if (gate.tool === 'ufw') return ufwState((await run('ufw', ['status'])).stdout.toString('utf8')).allows(port)
  if (gate.tool === 'firewalld') {
    return (await run('firewall-cmd', [`--query-port=${port}/tcp`], { anyExit: true })).exitCode === 0
  }
  if (gate.tool === 'nft') {
    const { stdout } = await run('nft', ['--json', '-a', 'list', 'chain', gate.family, gate.table, gate.chain])
    return ownHandles(stdout.toString('utf8'), port).length > 0
  }
  return (
    (await run(gate.tool, ['-w', '-C', gate.chain, ...iptablesRule(gate.side, port)], { anyExit: true })).exitCode === 0
  )
}
