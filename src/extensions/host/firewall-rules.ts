/** Which chains of a packet filter might keep connections from sshd, read from what the filters print of themselves. */

import { asArray, asRecord } from './unknown.ts'

/** A place where a rule must come first for a port to be open. */
export type Gate =
  | {
      readonly tool: 'nft'
      readonly family: string
      readonly table: string
      readonly chain: string
      readonly side: Side
    }
  | { readonly tool: 'iptables'; readonly chain: 'INPUT' | 'OUTPUT'; readonly side: Side }
  | { readonly tool: 'ip6tables'; readonly chain: 'INPUT' | 'OUTPUT'; readonly side: Side }
  | { readonly tool: 'ufw'; readonly side: 'in' }
  | { readonly tool: 'firewalld'; readonly side: 'in' }

/** Towards sshd the port is the destination, and from it the source. */
export type Side = 'in' | 'out'

export const ruleComment = 'lazuli-vm-access'

/** The chains of `nft --json list ruleset` that drop or reject anything, or pass on to others that may. */
export function nftGates(json: string): Gate[] {
  const items = asArray(asRecord(JSON.parse(json)).nftables).map(asRecord)
  const rules = items.flatMap(item => (item.rule === undefined ? [] : [asRecord(item.rule)]))
  return items.flatMap(item => {
    const { family, table, name, hook, type, policy } = asRecord(item.chain)
    if (type !== 'filter' || (hook !== 'input' && hook !== 'output')) return []
    if (!['inet', 'ip', 'ip6'].includes(String(family))) return []
    const own = rules.filter(rule => rule.family === family && rule.table === table && rule.chain === name)
    const isSelective = policy === 'drop' || own.some(rule => asArray(rule.expr).some(mayRefuse))
    if (!isSelective) return []
    const side = hook === 'input' ? 'in' : 'out'
    return [{ tool: 'nft', family: String(family), table: String(table), chain: String(name), side } as const]
  })
}

const mayRefuse = (expression: unknown) =>
  ['drop', 'reject', 'jump', 'goto', 'queue', 'vmap', 'xt'].some(verdict => verdict in asRecord(expression))

/** The handles of our own rules in `nft --json list chain`, in order to remove them. */
export function ownHandles(json: string, port: number): number[] {
  return asArray(asRecord(JSON.parse(json)).nftables)
    .map(item => asRecord(asRecord(item).rule))
    .filter(rule => rule.comment === comment(port))
    .map(rule => Number(rule.handle))
}

export const comment = (port: number) => `${ruleComment} ${port}`

/** The chains of `iptables -S` that refuse anything, or pass on to others that may. */
export function iptablesGates(tool: 'iptables' | 'ip6tables', listing: string): Gate[] {
  return (['INPUT', 'OUTPUT'] as const).flatMap(chain => {
    const refuses = listing.split('\n').some(line => {
      if (line.startsWith(`-P ${chain} `)) return !line.endsWith(' ACCEPT')
      const [, target] = line.startsWith(`-A ${chain} `) ? (/ -[jg] (\S+)/.exec(line) ?? []) : []
      return target !== undefined && !['ACCEPT', 'LOG', 'NFLOG', 'RETURN', 'MARK', 'CONNMARK'].includes(target)
    })
    return refuses ? [{ tool, chain, side: chain === 'INPUT' ? 'in' : 'out' } as const] : []
  })
}

/** The arguments that put a rule for the port at the top of a chain, after the program's name. */
export function openingArguments(gate: Gate, port: number): string[] {
  if (gate.tool === 'ufw') return ['allow', `${port}/tcp`]
  if (gate.tool === 'firewalld') return [`--add-port=${port}/tcp`]
  if (gate.tool === 'nft') {
    const { family, table, chain, side } = gate
    const match = ['tcp', side === 'in' ? 'dport' : 'sport', String(port)]
    return ['insert', 'rule', family, table, chain, ...match, 'accept', 'comment', `"${comment(port)}"`]
  }
  return ['-w', '-I', gate.chain, '1', ...iptablesRule(gate.side, port)]
}

/** What `iptables -C` and `-D` take to find our rule again. */
export function iptablesRule(side: Side, port: number): string[] {
  const match = ['-p', 'tcp', '-m', 'tcp', side === 'in' ? '--dport' : '--sport', String(port)]
  return [...match, '-m', 'comment', '--comment', comment(port), '-j', 'ACCEPT']
}

/** Whether `ufw status` says that it filters, and lets the port in. */
export function ufwState(status: string): { active: boolean; allows(port: number): boolean } {
  return {
    active: /^Status: active$/m.test(status),
    allows: port => new RegExp(`^${port}(/tcp)?\\s+ALLOW\\s+(IN\\s+)?Anywhere\\b`, 'm').test(status),
  }
}
